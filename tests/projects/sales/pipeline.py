"""Turns the day's sales, which tills write as CSV, into one parquet file of totals."""

import pandas as pd
import s3fs

# One for the whole program, whatever event loops come and go.
fs = s3fs.S3FileSystem(anon=False)


def days(bucket):
    return sorted(path.rpartition("/")[2] for path in fs.ls(f"{bucket}/raw", refresh=True))


def read_day(bucket, day):
    frames = [
        pd.read_csv(f"s3://{path}", dtype={"item": "string", "price": "float"})
        for path in fs.glob(f"{bucket}/raw/{day}/*.csv", refresh=True)
    ]
    return pd.concat(frames, ignore_index=True)


def totals(sales):
    return sales.groupby("item", as_index=False)["price"].sum().sort_values("item")


def run(bucket, day):
    result = totals(read_day(bucket, day))
    result.to_parquet(f"s3://{bucket}/totals/{day}.parquet", index=False)
    with fs.open(f"{bucket}/totals/{day}.done", "w") as file:
        file.write(str(len(result)))
    return result


async def sizes(bucket):
    other = s3fs.S3FileSystem(anon=False, asynchronous=True)
    session = await other.set_session()
    found = await other._du(f"{bucket}/totals", total=False)
    await session.close()
    return found
