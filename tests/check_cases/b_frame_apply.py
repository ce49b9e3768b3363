import pandas
async def handler(rows):
    frame = pandas.DataFrame(rows)
    frame.to_csv("out.csv")  # error: LL101
