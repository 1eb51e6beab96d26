cd /work/suites
T=400 ./go ab3c ab3 run aiobotocore-3.10.0 tests/test_config.py tests/test_httpsession.py tests/test_session.py -m 'not localonly' --http-backend all
BU="tests/unit/test_session.py tests/unit/test_client.py tests/unit/test_endpoint.py tests/unit/test_credentials.py tests/unit/test_config_provider.py tests/unit/test_signers.py tests/unit/test_http_session.py tests/unit/test_stub.py tests/unit/test_args.py tests/functional/test_stub.py tests/functional/test_credentials.py tests/functional/test_retry.py tests/functional/test_session.py tests/functional/test_six_threading.py"
T=500 ./go botocore boto run botocore-1.43.117 $BU
./cmp botocore run
