"""A service that keeps files in S3 and an index of them in DynamoDB, async throughout."""

import os
from contextlib import AsyncExitStack, asynccontextmanager

from aiobotocore.session import get_session
from botocore.exceptions import ClientError
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import StreamingResponse

BUCKET = "files"
TABLE = "index"


def make_app(endpoint_url=None):
    @asynccontextmanager
    async def lifespan(app):
        options = {
            "region_name": "us-east-1",
            "endpoint_url": endpoint_url or os.environ.get("FILES_ENDPOINT"),
        }
        async with AsyncExitStack() as stack:
            session = get_session()
            app.state.s3 = await stack.enter_async_context(session.create_client("s3", **options))
            app.state.dynamodb = await stack.enter_async_context(
                session.create_client("dynamodb", **options)
            )
            yield

    app = FastAPI(lifespan=lifespan)

    @app.put("/files/{name}", status_code=201)
    async def upload(name: str, request: Request):
        body = await request.body()
        await app.state.s3.put_object(Bucket=BUCKET, Key=name, Body=body)
        item = {"name": {"S": name}, "size": {"N": str(len(body))}}
        await app.state.dynamodb.put_item(TableName=TABLE, Item=item)

    @app.get("/files/{name}")
    async def download(name: str):
        try:
            reply = await app.state.s3.get_object(Bucket=BUCKET, Key=name)
        except ClientError as error:
            raise HTTPException(404) from error

        async def chunks():
            async with reply["Body"]:
                async for chunk in reply["Body"].iter_chunks(1000):
                    yield chunk

        return StreamingResponse(chunks())

    @app.get("/files")
    async def index():
        pages = app.state.dynamodb.get_paginator("scan").paginate(TableName=TABLE)
        items = [item async for page in pages for item in page["Items"]]
        return {item["name"]["S"]: int(item["size"]["N"]) for item in items}

    return app


async def set_up(endpoint_url=None):
    options = {"region_name": "us-east-1", "endpoint_url": endpoint_url}
    session = get_session()
    async with session.create_client("s3", **options) as s3:
        await s3.create_bucket(Bucket=BUCKET)
    async with session.create_client("dynamodb", **options) as dynamodb:
        await dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
