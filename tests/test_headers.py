from vistobueno.web.headers import content_policy


def test_hosts_that_clients_make_up_take_no_memory() -> None:
    for number in range(1000):
        assert f"wss://{number}.example" in content_policy(f"{number}.example", secure=True)
    assert content_policy.cache_info().currsize < 100
