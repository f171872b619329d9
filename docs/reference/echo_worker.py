#!/usr/bin/env python3
"""A whole worker in Python, to begin from: its model says the prompt back, one byte a token.

The protocol is in worker-protocol.md beside this file. A test runs it.
"""

import codecs
import json
import os
import struct
import sys
import threading
import time

# Frames go out here; what a library prints goes to stderr instead of between them.
FRAMES = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)

STARTED = time.monotonic_ns()
WRITING = threading.Lock()
VOCAB_SIZE, CONTEXT = 256, 4096
running = {}  # generations by their request's id
sessions = {}  # locks by the id of the request that opened them: one call at a time


def send(id, **reply):
    payload = json.dumps({"id": id, "reply": reply}).encode()
    with WRITING:
        FRAMES.write(struct.pack("<I", len(payload)) + payload)
        FRAMES.flush()


def receive():
    header = sys.stdin.buffer.read(4)
    if len(header) < 4:
        return None
    return json.loads(sys.stdin.buffer.read(struct.unpack("<I", header)[0]))


def failed(reason):
    return {"worker": {"worker": f"echo (process {os.getpid()})", "reason": reason}}


def info(model):
    path = model.get("gguf") or model["embedded"]
    name = os.path.splitext(os.path.basename(path))[0]
    return {"name": name, "arch": "echo", "quantization": "none", "n_params": 0, "n_weight_bytes": 0,
            "vocab_size": VOCAB_SIZE, "train_context": CONTEXT, "has_chat_template": False}


class Generation:
    def __init__(self, id, session, request, credits):
        self.id, self.session, self.request = id, session, request
        self.credit = threading.Semaphore(credits)
        self.cancelled = self.abandoned = False

    def event(self, **event):
        """Sends an event when there is credit for it; false when nobody reads any more."""
        self.credit.acquire()
        if not self.abandoned:
            send(self.id, event={"at_ns": time.monotonic_ns() - STARTED, "event": event})
        return not self.abandoned

    def run(self):
        with sessions[self.session]:  # a session is busy until its last generation ended
            ids = prompt_ids(self.request["prompt"])
            if len(ids) > CONTEXT:
                send(self.id, error={"error": {"context_exceeded": {"n_prompt": len(ids), "context": CONTEXT}}})
            else:
                send(self.id, started={})
                self.generate(ids)
                send(self.id, ended={})
            del running[self.id]

    def generate(self, ids):
        start = time.monotonic_ns()
        stop = self.request.get("stop", {})
        max_tokens = stop.get("max_tokens")
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        whole = self.request.get("whole", False)  # all tokens in one event at the end
        n_out, reason, said, text = 0, None, [], ""
        if not whole and not self.event(prefill_progress={"done": len(ids), "total": len(ids)}):
            return
        while reason is None:
            if self.cancelled:
                reason = "cancelled"
            elif n_out == max_tokens:
                reason = "length"
            elif n_out >= len(ids) and not (ids and stop.get("ignore_eos")):
                reason = "stop"
            else:
                id = ids[n_out % len(ids)]
                n_out += 1
                token = {"id": id, "text": decoder.decode(bytes([id])), "logprob": None, "top_logprobs": []}
                if whole:
                    said.append(id)
                    text += token["text"]
                elif not self.event(token=token):
                    return
        chunk = {"channel": "content", "text": text, "ids": said, "n_tokens": len(said)}
        if said and not self.event(chunk=chunk):
            return
        took = time.monotonic_ns() - start
        usage = {"n_prompt": len(ids), "n_cached": 0, "n_out": n_out, "prefill": {"secs": 0, "nanos": 0},
                 "decode": {"secs": took // 10**9, "nanos": took % 10**9}, "speculation": None}
        self.event(done={"reason": reason, "tail": decoder.decode(b"", True), "usage": usage})


def prompt_ids(prompt):
    if "tokens" in prompt:
        return prompt["tokens"]
    text = prompt["raw"] if "raw" in prompt else prompt["chat"]["messages"][-1]["content"]
    return list(text.encode())


def answer(id, call, about):
    if call == "check":
        send(id, checked={"info": info(about["model"])})
    elif call == "estimate":
        send(id, estimated={"memory": {"weight_bytes": 0, "kv_bytes": 0, "buffer_bytes": 0}})
    elif call == "load":
        send(id, progress={"phase": "weights", "done": 1, "total": 1})
        send(id, loaded={"info": info(about["model"]), "context": CONTEXT, "device": "python"})
    elif call == "tokenize":
        send(id, tokens={"ids": list(about["text"].encode())})
    elif call == "detokenize":
        send(id, text={"text": bytes(about["ids"]).decode("utf-8", "replace")})
    elif call == "open":
        sessions[id] = threading.Lock()
        send(id, done={})
    elif call in ("close", "unload"):
        send(id, done={})
    elif call == "generate":
        running[id] = Generation(id, about["session"], about["request"], about["credits"])
        threading.Thread(target=running[id].run, daemon=True).start()
    elif call in ("credit", "cancel", "abandon"):
        generation = running.get(id)
        if generation is None:  # over already
            return
        if call == "credit":
            generation.credit.release(about["n"])
            return
        generation.cancelled = True
        if call == "abandon":
            generation.abandoned = True
            generation.credit.release()
    else:
        send(id, error={"error": {"unsupported": {"model": "echo", "reason": f"it has no `{call}`"}}})


def main():
    send(0, hello={"protocol": 1, "encoding": "json", "engine": "echo", "version": "1", "pid": os.getpid(),
                   "availability": {"ready": "python"}})
    while (message := receive()) is not None:
        id, (call, about) = message["id"], next(iter(message["call"].items()))
        if call == "quit":
            send(id, done={})
            break
        try:
            answer(id, call, about)
        except Exception as error:  # one bad request is not the end of the others
            send(id, error={"error": failed(repr(error))})


if __name__ == "__main__":
    main()
