"""OpenVINO GenAI driven by lines on stdin, like the engine's own example `measure`.

    python openvino.py MODEL THREADS [realtime]

`prefill N` and `decode N DEPTH` are answered by seconds. The cache is F16, as on the other side; the arithmetic is
OpenVINO's choice.
"""

import os
import sys

import numpy as np
import openvino as ov
import openvino_genai as genai

model, threads = sys.argv[1], int(sys.argv[2])
options = {"INFERENCE_NUM_THREADS": threads, "KV_CACHE_PRECISION": "f16"}
pipeline = genai.LLMPipeline(model, "CPU", **options)
n_jobs = 0


def generate(n_prompt, n_out):
    """A prompt that begins like no other: it must not be found in a cache of prefixes."""
    global n_jobs
    n_jobs += 1
    ids = (np.arange(n_prompt, dtype=np.int64) * 7919 + 1000 + n_jobs) % 30000
    tensor = ov.Tensor(ids.reshape(1, -1))
    ones = ov.Tensor(np.ones((1, n_prompt), dtype=np.int64))
    config = genai.GenerationConfig(max_new_tokens=n_out, min_new_tokens=n_out, ignore_eos=True, do_sample=False)
    metrics = pipeline.generate(genai.TokenizedInputs(tensor, ones), config).perf_metrics
    assert metrics.get_num_input_tokens() == n_prompt and metrics.get_num_generated_tokens() == n_out
    return metrics.get_ttft().mean / 1e3, metrics.get_tpot().mean / 1e3


def schedule(policy, priority):
    """For all threads: a busy machine then shows in no figure."""
    for task in os.listdir("/proc/self/task"):
        os.sched_setscheduler(int(task), policy, os.sched_param(priority))


print("ready", flush=True)
for line in sys.stdin:
    if "realtime" in sys.argv:
        schedule(os.SCHED_RR, 1)
    match line.split():
        case ["prefill", n]:
            seconds = generate(int(n), 1)[0]
        case ["decode", n, depth]:
            seconds = generate(max(int(depth), 1), int(n) + 1)[1] * int(n)
    if "realtime" in sys.argv:
        schedule(os.SCHED_OTHER, 0)
    print(seconds, flush=True)
