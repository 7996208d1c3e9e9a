"""Golden conversations and Jinja snippets for tokenizer/chat, made by Jinja2.

usage: chat.py TESTDATA

TESTDATA is tokenizer/chat/testdata. Needs jinja2 (Debian: python3-jinja2). The
environment is the one of Hugging Face transformers: sandboxed, immutable,
trim_blocks and lstrip_blocks, loop controls, tojson that keeps key order and
characters. Each case of cases.json becomes golden/NAME.txt, or, where rendering
fails, golden/NAME.error; each snippet of ../jinja/testdata/snippets.json gets
its "want" or "error" in place.
"""
import datetime, json, os, sys
import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

BOS, EOS = "<s>", "</s>"
NOW = datetime.datetime(2026, 3, 5, 7, 8, 9)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def environment():
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = NOW.strftime
    return env


def render(env, source, values):
    """Returns the text and None, or None and why there is none."""
    try:
        return env.from_string(source).render(**values), None
    except Exception as e:  # whatever fails in Python must fail in Go
        return None, f"{type(e).__name__}: {e}"


def main(folder):
    env = environment()
    for case in json.load(open(os.path.join(folder, "cases.json"))):
        source = open(os.path.join(folder, "templates", case["template"] + ".jinja")).read()
        values = {"messages": case["messages"], "tools": case.get("tools"), "bos_token": BOS, "eos_token": EOS,
                  "add_generation_prompt": case["add_generation_prompt"], **case.get("extra", {})}
        text, why = render(env, source, values)
        with open(os.path.join(folder, "golden", case["name"] + (".error" if why else ".txt")), "w", newline="") as f:
            f.write(why if why else text)
    path = os.path.join(folder, "..", "jinja", "testdata", "snippets.json")
    snippets = json.load(open(path))
    for s in snippets:
        text, why = render(env, s["template"], s.get("values", {}))
        s.pop("want", None), s.pop("error", None)
        s.update({"error": why} if why else {"want": text})
    with open(path, "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(s, ensure_ascii=False) for s in snippets) + "\n]\n")


main(sys.argv[1])
