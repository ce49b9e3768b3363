from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI
prompt = ChatPromptTemplate.from_template("{x}")
async def handler():
    chain = prompt | ChatOpenAI()
    await chain.ainvoke({"x": 1})
    return chain.invoke({"x": 1})  # error: LL101
