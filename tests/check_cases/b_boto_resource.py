import boto3
class Files:
    def __init__(self):
        self.session = boto3.Session()
        self.s3 = self.session.client("s3")
    async def put(self, data):
        self.s3.put_object(Bucket="b", Key="k", Body=data)  # error: LL101
