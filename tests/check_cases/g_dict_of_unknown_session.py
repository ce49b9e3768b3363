from reauth import AuthenticationSession
from vendor import ApiClient
async def handler(session: AuthenticationSession, client: ApiClient):
    session.context.get("return_to")
    session.context.update("seen")
    return client.users.get("/users/1")  # error: LL101
