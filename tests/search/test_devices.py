"""Devices: workers share out GPUs, or else the cores."""

from autokeras_nas.search.devices import environment_of, visible_gpus


def test_each_worker_has_one_gpu_in_turn():
    seen = [environment_of(k, 4, ["3", "GPU-abc"], 8)["CUDA_VISIBLE_DEVICES"] for k in range(4)]
    assert seen == ["3", "GPU-abc", "3", "GPU-abc"]
    assert environment_of(0, 1, ["0"], 8)["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"


def test_without_a_gpu_workers_share_out_the_cores():
    assert environment_of(1, 3, [], 8)["OMP_NUM_THREADS"] == "2"
    assert environment_of(1, 16, [], 8)["TF_NUM_INTRAOP_THREADS"] == "1"
    assert "CUDA_VISIBLE_DEVICES" not in environment_of(0, 1, [], 8)


class Devices:
    """So many logical GPUs."""

    def __init__(self, count):
        self._count = count

    def __call__(self, kind):
        assert kind == "GPU"
        return [object()] * self._count


def test_gpus_are_those_that_this_process_sees(monkeypatch):
    import tensorflow as tf

    monkeypatch.setattr(tf.config, "list_physical_devices", Devices(2))
    assert visible_gpus({}) == ["0", "1"]
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": "5, 7"}) == ["5", "7"]
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": "5,7,9"}) == ["5", "7"]
    monkeypatch.setattr(tf.config, "list_physical_devices", Devices(0))
    assert visible_gpus({}) == visible_gpus({"CUDA_VISIBLE_DEVICES": ""}) == []
