import openai
class Chat:
    def __init__(self, key: str):
        self.client = openai.OpenAI(api_key=key)
    async def ask(self, text):
        answer = self.client.responses.create(model="m", input=text)  # error: LL101
        return answer.output_text
