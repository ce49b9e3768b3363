import io, zipfile
from io import BytesIO
from PIL import Image
def size(data: bytes):
    with Image.open(BytesIO(data)) as image:
        return image.size
async def handler(data: bytes):
    size(data)
    buffer = io.BytesIO(data)
    with zipfile.ZipFile(buffer) as archive:
        return archive.namelist()
