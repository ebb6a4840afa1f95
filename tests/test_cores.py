from apportion.cores import cores


def test_where_the_system_tells_no_affinity_all_cores_count(monkeypatch):
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    assert cores() == 3
