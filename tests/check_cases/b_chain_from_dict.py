from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import PromptTemplate
from langchain_openai import ChatOpenAI
class Answers:
    def __init__(self):
        self.chain = {"x": str} | PromptTemplate.from_template("{x}") | ChatOpenAI() | StrOutputParser()
    async def ask(self, text):
        return self.chain.invoke(text)  # error: LL101
