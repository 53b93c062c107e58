"""Writes the inputs from which fuzzing begins: python3 make_seeds.py DIRECTORY.

They are made from the fixtures and, where none fit, written out here. `scripts/fuzz --minimise`
keeps of them what is not covered by other inputs. How an input is put together: the target of
that name beside this file.
"""
import base64
import gzip
import hashlib
import json
import pathlib
import struct
import sys

FIXTURES = pathlib.Path(__file__).parent.parent / "fixtures" / "ollama"
OPERATIONS = ["none", "/api/generate", "/api/chat", "/api/embed", "/api/embeddings",
              "/v1/chat/completions", "/v1/completions", "/v1/embeddings",
              "/v1/audio/transcriptions", "/v1/responses", "/v1/messages"]
STATUSES = [200, 400, 404, 500, 503]
TYPES = ["application/json", "application/x-ndjson", "text/event-stream", "text/plain", ""]
LINE = {
    "v": 1, "time": "2026-11-20T07:55:04.123456Z", "id": "019a9f3c-1d2e-7abc-8def-0123456789ab",
    "node": "docker-host", "service": "n8n", "task": "email-triage", "service_from": "path",
    "principal": "docker:3f2a91c7e0b2", "client": "172.18.0.7:51234", "process": "node",
    "upstream": "127.0.0.1:11434", "dialect": "native", "endpoint": "/api/chat",
    "model": "qwen2.5:14b", "model_answered": "qwen2.5:14b", "stream": True, "status": 200,
    "outcome": "ok", "prompt_tokens": 812, "output_tokens": 96, "tokens_from": "reported",
    "duration_ms": 4310.218, "first_byte_ms": 2210.004, "first_token_ms": 2212.5,
    "queue_ms": 0.25, "load_ms": 2100.125, "prompt_eval_ms": 310.5, "eval_ms": 1890.75,
    "tokens_per_second": 50.8, "cold_start": True, "evicted_model": "llama3.2:latest",
    "context_limit": 4096, "prompt_cut": False, "request_bytes": 3301, "response_bytes": 12940,
    "prompt_hash": "9f86d081884c7d659a2feaa0c55ad015", "options": {"num_ctx": 4096},
    "error": None}


def jsonl(name):
    with open(FIXTURES / name, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def line(**changes):
    """A line as the daemon writes it: durations have three decimals."""
    values = {**LINE, **changes}
    parts = []
    for name, value in values.items():
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        if name.endswith("_ms") and value is not None:
            text = f"{value:.3f}"
        parts.append(f'"{name}":{text}')
    return "{" + ",".join(parts) + "}\n"


def choice(value):
    """A byte that stands for the choice, and can be read where that is possible."""
    return bytes([value])


def http_heads():
    yield b"GET / HTTP/1.1\r\nHost: localhost:11433\r\n\r\n"
    yield b"GET /api/tags HTTP/1.0\r\n\r\n"
    yield b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"
    yield b"POST http://a.local/as/n8n/api/chat?x=1 HTTP/1.1\r\nHost: a.local\r\n" \
          b"Origin: http://a.local\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n{}"
    yield b"POST /as/n8n/nightly/api/chat HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" \
          b"Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\nTrailer: X-T\r\n\r\n" \
          b"5;a=b\r\n{\"a\":\r\n2\r\n1}\r\n0\r\nX-T: 1\r\n\r\n"
    yield b"\r\nPOST /api/generate HTTP/1.1\r\nhost: a\r\nX-Folded: one\r\n two\r\n" \
          b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nContent-Length: 0\r\n\r\nGET / HTTP/1.1"
    yield b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"
    yield b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: gzip, chunked" \
          b"\r\n\r\n0\r\n\r\n"
    for fixture in jsonl("measured-replies.jsonl")[::9]:
        body = fixture["request"].encode()
        yield (f"POST {fixture['path']} HTTP/1.1\r\nHost: 127.0.0.1:11433\r\n"
               f"User-Agent: ollama-python/0.6.1\r\nX-Service: n8n\r\n"
               f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
               ).encode() + body


def responses():
    for flags in range(16):
        yield choice(flags) + b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" \
            b"Transfer-Encoding: chunked\r\n\r\nb\r\ndata: [1]\n\n\r\n0\r\n\r\n"
        yield choice(flags) + b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end"
    yield choice(0) + b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content" \
        b"\r\nConnection: keep-alive\r\n\r\n"
    yield choice(2) + b"HTTP/1.0 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 5\r\n\r\n"
    yield choice(1) + b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\nX-A: 1\r\n\r\n"
    for fixture in jsonl("measured-replies.jsonl")[::7]:
        body = fixture["body"].encode()[:1500]
        yield choice(0) + (f"HTTP/1.1 {fixture['status']} OK\r\nContent-Type: "
                           f"{fixture['content_type']}\r\nDate: Fri, 20 Nov 2026 07:55:04 GMT\r\n"
                           f"Content-Length: {len(body)}\r\n\r\n").encode() + body


FORM = (b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n'
        b'Content-Type: audio/wav\r\n\r\nRIFF\r\n--b-\r\n\r\n'
        b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nsay it\r\n--b--\r\n')


def request_bodies():
    for fixture in jsonl("documented-bodies.jsonl"):
        if fixture["kind"] == "request" and fixture["json"].get("path") in OPERATIONS:
            body = json.dumps(fixture["json"]["body"]).encode()
            if len(body) < 4000:
                yield choice(OPERATIONS.index(fixture["json"]["path"])) + b"0" + body
    for fixture in jsonl("measured-replies.jsonl"):
        if fixture["path"] in OPERATIONS:
            yield choice(OPERATIONS.index(fixture["path"])) + b"0" + fixture["request"].encode()
    yield choice(8) + b"0" + FORM
    # A zstd frame that holds "{}", not compressed.
    yield choice(5) + b"7" + bytes.fromhex("28b52ffd2002110000") + b"{}"
    yield choice(2) + b'0{"Model":"a","model":"b","keep_alive":"0s","options":{"num_ctx":8192,' \
        b'"num_gpu":-1,"use_mmap":null},"messages":[{"content":"\\ud83d\\ude00 \\ud83d"}]}'


def response_bodies():
    for fixture in jsonl("measured-replies.jsonl"):
        if fixture["path"] not in OPERATIONS:
            continue
        status = STATUSES.index(fixture["status"]) if fixture["status"] in STATUSES else 3
        kind = TYPES.index(fixture["content_type"].split(";")[0])
        yield (bytes([OPERATIONS.index(fixture["path"]), status, kind]) +
               fixture["body"].encode()[:6000])


def captures():
    for fixture in jsonl("measured-replies.jsonl"):
        if fixture["path"] in OPERATIONS:
            kind = TYPES.index(fixture["content_type"].split(";")[0])
            yield (bytes([OPERATIONS.index(fixture["path"]), kind]) + b"00" +
                   fixture["request"].encode()[:1000] + b"\0" + fixture["body"].encode()[:1000])
    # Secrets: whole, in pieces of a stream, escaped, as a key, in the arguments of a tool.
    yield b"\x02\x0100" + b'{"model":"m","messages":[{"role":"user","content":"I am anna@example.org"},' \
        b'{"role":"anna@example.org","content":"DE89 3704 0044 0532 0130 00"}]}\0' \
        b'{"message":{"role":"assistant","content":"anna@exam"}}\n' \
        b'{"message":{"content":"ple.org"},"done":true}\n'
    yield b"\x02\x0000" + b'{"messages":[{"content":"a\\u0040b.example"}],"tools":[{"a@b.example":1}]}' \
        b'\0{"message":{"tool_calls":[{"function":{"name":"f","arguments":{"to":"a@b.example"}}}]}}'
    yield b"\x09\x0200" + b'{"input":[{"role":"user","content":[{"type":"input_text","text":"x"}]}]}\0' \
        b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"sk-"}\n\n'
    yield b"\x08\x0300" + b'not json\0a plain text with 4111 1111 1111 1111'
    yield b"\x02\x0001" + b'{"prompt":"x","images":["aGVsbG8="]}\0{"response":"y"}'


def usage_requests():
    for fixture in jsonl("measured-replies.jsonl"):
        if fixture["path"] == "/v1/chat/completions":
            yield fixture["request"].encode()
    for options in [b"", b'"stream_options":null,', b'"stream_options":{},', b'"stream_options":3,',
                    b'"Stream_Options" : { "x":[1,"]}"] } ,', b'"stream_options":{"a":1},',
                    b'"\\u0073tream_options":{"include_usage":null},',
                    b'"\xc5\xbftream_options":{},']:
        yield b'{"model":"m",' + options + b'"stream":true,"messages":[{"content":"a\\"}"}]} x'


def usage_events():
    for fixture in jsonl("measured-replies.jsonl"):
        if fixture["path"] == "/v1/chat/completions" and "event-stream" in fixture["content_type"]:
            yield fixture["body"].encode()[-3000:]
            yield fixture["body"].replace("\n", "\r\n").encode()[-3000:]


def forms():
    yield b"multipart/form-data; boundary=b\n" + FORM
    yield b'Multipart/Form-Data; charset=a; boundary="b"\npreamble\r\n' + FORM
    yield b"multipart/form-data; boundary=b\n" + FORM.replace(b"\r\n", b"\n")
    yield b"model\nwhisper\x1efile\n\r\n------8d1f\r\n\x1eprompt\n"


def routes():
    for path in OPERATIONS[1:]:
        yield f"POST\n{path}?a=1".encode()
        yield f"POST\n/as/n8n/nightly{path}".encode()
    for target in ["/", "/as/x", "/as/x/", "/as/%2e%2e/api/chat", "/api/%67enerate", "*",
                   "http://a:1/as/b/c/v1/messages?d", "/v1/models/a%2Fb", "/api/blobs/sha256:1",
                   "/as/a%0Ab/%2Fetc/api/tags"]:
        yield f"GET\n{target}".encode()


def lines():
    yield line().encode()
    nothing = {name: None for name in LINE if name not in (
        "v", "time", "id", "node", "service", "service_from", "principal", "client", "upstream",
        "dialect", "endpoint", "outcome", "tokens_from", "duration_ms", "request_bytes",
        "response_bytes")}
    yield line(**nothing, outcome="interrupted", tokens_from="none").encode()
    yield line(service='a "quoted" \\ name\n', error="\u00e9\u20ac\U0001f600").encode()
    yield (json.dumps(dict(reversed(list(LINE.items()))), indent=0) + "\n").encode()
    yield line(options={"num_ctx": 1, "use_mmap": True, "keep_alive": "5m"}).encode()
    yield bytes(range(1, 256)) * 3


def journals():
    yield (line() + line(status=404)).encode()
    yield line().encode() + b"\x1e" + line().encode() + line().encode()[:100] + b"\x1e{}\n"
    yield b"\x1e\x1etorn"
    yield b"\n\n\x1e{}\n{}\n{\x1e"
    yield b"x" * 20000 + b"\n" + b"y" * 20000


def open_calls():
    def text(value):
        if value is None:
            return b"\xff\xff"
        return struct.pack("<H", len(value)) + value
    strings = [b"docker-host", b"n8n", b"docker:3f2a91c7e0b2", b"172.18.0.7:51234",
               b"127.0.0.1:11434", b"native", b"/api/chat", b"nightly", b"qwen2.5:14b", None,
               b"node", b'{"num_ctx":4096}']
    names = bytes.fromhex(LINE["id"].replace("-", ""))
    names += struct.pack("<qqBB", 1795000000000000, 3301, 0, 2)
    names += b"".join(text(string) for string in strings)
    yield names
    for length in (1, 3):
        slot = struct.pack("<IIQqqqqqq", 1, 0, len(names), 3, 12, 900, 1500, 2500, 0) + names
        yield choice(1) + b"\0" * 32 + slot.ljust(400, b"\0") * length
    yield choice(0) + b"tlyopen\n" + struct.pack("<IIIIq", 1, 2048, 1, 1, 0) + slot
    yield choice(0) + b"tlyopen\n" + struct.pack("<IIIIq", 1, 2048, 900, 9000, -1) + slot


def words():
    yield from [b"n8n", b"../../etc", b"a\nb", b".hidden", b"100%", b"%2F", b"a,b\"c\r\n", b"~" * 90,
                "d\u00e9j\u00e0 vu \u4f60\u597d \U0001f600".encode(), b"\xc3\xff\xed\xa0\x80", b"x" * 400,
                "\u202e\u200bzero\u00a0width\ufeff".encode(), b"/", b"\x7f"]


def paths():
    for path in ["README.md", "/services/inner/total.json", "services//inner/", "/link", "circle",
                 "/link/x", "/services/a%2Fb", "/services/%", "/README.md/x", "/?x", ""]:
        for name in ["a/b", "n8n", ".."]:
            yield f"{path}\n{name}".encode()
    yield from words()


def configurations():
    text = (FIXTURES.parent.parent.parent / "docs" / "configuration.md").read_text("utf-8")
    whole = text.split("```toml\n")[1].split("```")[0]
    yield whole.encode()
    yield whole.replace("key_file", "key_env").replace("/etc/tallyfs/n8n.key", "PATH").encode()
    for paragraph in whole.split("\n\n"):
        yield paragraph.encode()
    for block in text.split("```toml\n")[2:]:
        yield block.split("```")[0].encode()
    yield b'listn = "x"'
    yield b"[proxy]\nthreads = 0\n"
    yield b"[::1]:11433"
    yield b"http://ollama:11434/"
    yield b':11433\nnode = """a\nb"""'


def upstreams():
    for fixture in jsonl("documented-bodies.jsonl"):
        if fixture["section"] in ("list-running-models-response", "version-response"):
            yield json.dumps(fixture["json"]).encode()
    yield b'{"models":null}'
    yield b'{"models":[{"name":"a","size":1.5e300,"context_length":0,"expires_at":' \
        b'"2318-03-01T12:00:00.123456789+01:00"},{"model":"b","size":-1}]}'


def callers():
    yield from [b"10.0.0.7", b"::ffff:10.0.0.1", b"fd00::1%eth0", b"10.0.0.0/8", b"fd00::/8",
                b"::ffff:10.0.0.0/104"]
    yield b"0::/system.slice/n8n.service"
    yield b"4:memory:/docker/" + b"3f2a91c7e0b2" * 5 + b"3f2a\n0::/user.slice"
    yield b"0::/user.slice/user-1000.slice/user@1000.service/app.slice/docker-" + b"a" * 64 + \
        b".scope"
    yield b"0::/system.slice/run-r3f2a.service/lxc.payload.web"
    yield b"/usr/bin/python3.11\0-W\0ignore\0-m\0agent.main\0--x"
    yield b"node\0--require\0x\0/srv/app/index.js"
    yield b"java\0-cp\0a\0com.example.Agent"
    yield b"n8n\0nightly\0n8n\0\xff\0ollama-python/0.6.1 (x86_64)\0Bearer a secret\0agent.py"


def values():
    yield from [b"2026-11-20T07:55:04.123456Z", b"2026-11-20 07:55:60+05:30", b"2026-02-29",
                b"2024-02-29", b"2026-11-20.jsonl", b"2026-11-20.12.jsonl", b"1h30m", b"0s", b"-0",
                b"0.0000000001ns", b"\xc2\xb5s", b"Model", b"\xe2\x84\xaaelvin",
                LINE["id"].encode(), b"0000-01-01T00:00:00+23:59", b"9999-12-31T23:59:59-23:59"]


def decisions():
    yield from [b"0kind=cloud-model\nmodel=a:b-cloud\nprincipal=uid:1000\nreason=a demo\ndays=7\n",
                b"0# a comment\r\nkind=action\r\ntitle=x\r\nenv=prod\r\ncallback=https://a/b\r\n",
                b'0{"kind":"action","title":"x","reason":"y","parameters":{"a":"b"},"evidence":"z"}',
                b"3step=1&decision=reject&reason=no+more%21&token=%61bc", b"3a=1&a=2", b"3<b>'\"&</b>",
                b"4" + b"17:" + b"9f" * 32 + b"\n", b"4" + b"0:" + b"0" * 64]
    who = '"who":{"person":"anna","uid":1000,"known_by":"uid"},"capacity":{"way":"own"}'
    start = '"number":7,"at":"2026-11-20T07:55:04.123456Z"'
    for fields in (f'"event":"step_decided",{start},"step":1,"verdict":"approve",{who},"hash":"{"a" * 64}"',
                   f'"event":"step_delegated",{start},"step":1,{who},"to":"bea","reason":"away"',
                   f'"event":"execution_finished",{start},"ending":"ok","result":"done"',
                   f'"event":"request_expired",{start}'):
        yield b"1{" + fields.encode() + b"}"
    yield b'2{"v":1,"time":"2026-11-20T07:55:04.123456Z","n":17,"prev":"' + b"a" * 64 + \
        b'","node":"h","event":"setting.changed","subject":"log_level","by":"anna",' \
        b'"known_by":"uid","uid":1000,"detail":{"from":"info","to":"debug"}}'


def policies():
    yield from [b"0deny model=*-cloud principal=uid:1001  # comment", b"0ask cloud=yes wait=30",
                b"0allow model=qwen3:* time=08:00-18:00 days=mon-fri", b"0deny pattern=iban leaves=yes",
                b"0ask prompt_bytes>200000 endpoint=/api/*", b"0allow time=22:00-06:00 days=sun",
                b"1principal=uid:1001 tokens_per_day=200000 calls_at_once=2",
                b"1model=a* seconds_per_day=3600 calls_per_minute=30 # x",
                b"2(?i)secret-[0-9]{4}", b"2a|b*", b"2[^b]{1,900}",
                b"3anna@example.org DE89 3704 0044 0532 0130 00 and 4111-1111-1111-1111",
                b'3{"a":"anna\\u0040example.org","b":["sk-abcdefghijklmnopqrstuvwx",41111111,"x"]}',
                b"3-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"]


def migrations():
    yield from [b"0-- migrate:up\ncreate table t (id int);\n-- migrate:down\ndrop table t;\n",
                b"0-- x\r\n\r\n--migrate:up transaction:false\r\ncreate index concurrently i on t (a);"
                b"\r\n-- migrate:down\r\n-- migrate:up a remark\r\n-- migrate:down transaction:true\r\n",
                b"0-- migrate:up\nselect 1; rollback to a; commit;\n-- migrate:down",
                b"0select 1;\n-- migrate:up\n", b"0-- migrate:down\n", b"0-- migrate:up x:y\n",
                b"1select 'a;''b', e'\\';', \"c;\", $x$;$$;$x$, $1 -- ;\n; /* ; /* */ ; */ select (1;2);",
                b"1create or replace function f() returns int begin atomic select case when true then 1"
                b" end; end; alter table a.\"B\"\"c\".d add x int",
                b"1begin; savepoint a; rollback to a; end", b"1$a$ ; $b$", b"1'", b"1e'\\", b"1\"\"\"",
                b'2{"v":1,"database":"prod/a/b","since":"2026-11-20T10:00:00Z","why":"x","fingerprint":"",'
                b'"drifted":false,"applied":["1"],"checksums":{"1":"aa"},"items":[["column","a.b","c"]]}']


def statements():
    yield from [b"SELECT a, \"B\" FROM t WHERE x IN (1, -2.5e3, 'it''s', $1) -- end",
                b"SELECT E'a\\'b', U&'d\\0061t' UESCAPE '!', B'01', x'1F', n'x', $t$ $$ $t$ /* a /* b */ */",
                b"ALTER ROLE app PASSWORD 'secret'; CREATE USER b WITH ENCRYPTED PASSWORD secret",
                b"SELECT 'it\\'s secret', ARRAY[1,2,3], 0x1F, 1_000, 1abc$$x '$$", b"a$b$ $tag $1$2",
                b"DO $$ BEGIN x := 'y'; END $$", b"t$", b"\\", b"*/ x", b"''", b"\"a\"\"b\x00\"",
                b"SELECT j ? 'k', a @> '{\"b\": 1}', 'unfinished"]


def registrations():
    words = b"env=prod cluster=orders-cl database=app host=10.2.4.10 port=5432 credential=monitor"
    rest = b' remedies_credential=mender tls=verify-ca tls_root_file=/etc/ca.pem owner="Team A" ' \
        b'tags=pci,eu migrations=/srv/app/db active=no'
    yield from [words, words + rest, words.replace(b" ", b"\n") + b"\n",
                words.replace(b"app", b'"a \\"b\\" \\\\"'), words.replace(b"10.2.4.10", b"/run/postgresql"),
                words.replace(b"10.2.4.10", b"fe80::1"), b"postgres://monitor:hunter2@10.2.4.10/app",
                words + b" password=hunter2", b"env=prd", words + b' owner="A', words + b" databse=x"]
    header = b"env,cluster,database,host,port,credential,tags,active\n"
    row = b'prod,orders-cl,app,10.2.4.10,5432,monitor,"pci,eu",yes\n'
    yield from [header, header + row, header + row + row.replace(b"prod", b"prd"),
                b"\xef\xbb\xbf" + (header + row).replace(b"\n", b"\r\n"),
                header + row.replace(b"app", b'"my ""app"""'), header + b'prod,"x\ny"z\n',
                header.replace(b"host", b"hots") + row, header + b"\n\nprod\n", b"env,env\n", b'"env']


AUDIT = FIXTURES.parent / "pgaudit"


def audit_logs():
    """The first byte is format + 3 * prefix: csv is 1, json 2, text 0."""
    for name, kind in (("pg15-full.csv", 1), ("pg15-full.json", 2)):
        lines = (AUDIT / name).read_bytes().splitlines(keepends=True)
        for first in range(0, len(lines) - 2, len(lines) // 6):
            yield choice(kind) + b"".join(lines[first:first + 2])[:1900]
    for path in sorted(AUDIT.glob("*.stderr.log")):
        text = path.read_bytes()
        yield choice(0) + text[:1500]
        yield choice(0) + text[-1200:]
    for kind, name in ((1, "csv"), (2, "json")):
        yield choice(kind) + (AUDIT / f"pg15-forged-by-unauthenticated-client.{name}").read_bytes()
    stamp = b"2026-11-20 23:52:09.665 UTC"
    yield choice(3) + stamp + b" [7] LOG:  connection authorized: user=a database=b\n" + stamp + \
        b" [7] ERROR:  42501: permission denied\n" + stamp + b" [7] STATEMENT:  select\n\t1\n"
    yield choice(6) + stamp[:19] + b" CET [7] 6b00dd29.7 1 42501 psql jd app 10.0.0.7(4711) ERROR:  x\n"
    yield choice(9) + b"jd|app|" + stamp + b"|7       |LOG:  x\r\n\n\0\0jd|app|" + stamp + b"|8|LOG:  y"
    yield choice(1) + stamp + b',"torn,"x\n' + stamp + b",,,7,,6b00dd29.7,1,,,,0,LOG,00000,\"a\"" + \
        b",,,,,,,,,\"\"\r\n" + stamp
    yield choice(2) + b'{"timestamp":"' + stamp + b'","pid":7,"error_severity":"LOG","message":"\\ud83d' \
        b'\\ude00\\n\\"","context":null}\n{"timestamp"'


def audit_records():
    for line in (AUDIT / "pg15-full.json").read_text("utf-8").splitlines()[::4]:
        yield json.loads(line)["message"].encode()[:1900]
    for rest in ("SESSION,1,1,MISC,???,,,<not logged>,<not logged>", 'OBJECT,1,1,DDL,x,,,"a\n",""""',
                 "SESSION,9223372036854775808,1,READ,,,,,", "SESSION,1,1,MISC_SET,SET,,,<previously logged>,"
                 "<previously logged>,0"):
        yield f"AUDIT: {rest}".encode()


def audit_lines():
    front = {"v": 1, "time": "2026-11-20T23:52:10.000001Z", "n": 17, "prev": "0" * 64}
    fields = {
        "node": "host", "kind": "statement", "cluster": "prod/c", "trust": "structured",
        "logged": "2026-11-20T23:52:09.665000Z", "user": "jd", "account": "person",
        "database": "app", "pid": 7, "remote": "[local]", "session": "6b00dd29.7", "line": 4,
        "application": "psql", "type": "session", "statement_id": 2, "substatement_id": 1,
        "class": "WRITE", "command": "DELETE", "object_type": "TABLE", "object": 'public."O"',
        "rows": 2901, "statement": "delete from o where id = ?", "parameters": None,
        "severity": "LOG", "sqlstate": "00000", "message": None, "rules": ["person-dml"],
        "expected": None, "key": "0123456789abcdef"}

    def audit_line(values):
        return json.dumps({**front, **values}, separators=(",", ":"), ensure_ascii=False).encode()
    yield audit_line(fields) + b"\n"
    yield audit_line(dict(reversed(list(fields.items()))))
    yield audit_line({**fields, "user": 'a"\\\n\x7f\u202e', "rules": [], "line": -1})
    yield audit_line({**fields, "new": [1], "user": None})
    yield bytes(range(1, 256)) * 4
    yield b"\xff" * 1500


def audit_rules():
    yield from [b"0user=grafana class=READ object=metrics.*", b"0# a comment\nclass=FUNCTION\n"
                b'statement="select \\"a\\" # \\\\ b"', b"0user=a* database=b application=\"DBeaver 23\" "
                b"class=MISC command=EXECUTE", b"0class=WRITE", b"0usr=x", b'0user="a', b"0user=*"]
    yield from [b"1Mon-Fri 08:00-18:00, Sat 09:00-12:00 Europe/Berlin", b"1always",
                b"1Fri 22:00-06:00 UTC", b"1Sat-Mon 00:00-24:00 America/New_York",
                b"1Mon-Fri 08:00-18:00 Europe/Berln", b"1Mon-Fri 8-18 UTC"]
    yield from [b"2user=jd cluster=orders-cl for=2h ticket=DB-123",
                b'2user=jd cluster=prod/orders-cl database=app from=2026-11-22T20:00 until='
                b'2026-11-22T22:00:00+01:00 ticket="request 0057"', b"2user=* cluster=c for=1d ticket=T1",
                b"2user=jd cluster=c for=15d ticket=T1", b"2user=jd cluster=c for=90m",
                b'2{"user":"jd","cluster":"c","database":"","from":"2026-11-20T12:00:00.000000Z",'
                b'"until":"2026-11-20T14:00:00.000000Z","ticket":"T1","statements":["drop table t"]}']
    count = {"events": 2, "statements": 1, "rows": 7, "expected": 0, "believable": 2,
             "first_number": 1, "last_number": 2, "first_logged": "2026-11-20T12:00:01.000000Z",
             "last_logged": "2026-11-20T12:00:02.000000Z", "sessions": ["6b00dd29.3957"],
             "objects": ["public.orders"], "tickets": [], "text": "DELETE public.orders",
             "over": False, "reopened": 0}
    alert = {"rule": "person-dml", "cluster": "prod/orders-cl", "user": "jd",
             "window": "2026-11-20T12:00:00.000000Z", "pages": True, "paging": "session",
             "reopens": False, "counted": count}
    opened = b"11alert.opened 1 " + json.dumps(alert, separators=(",", ":")).encode()
    late = dict(alert, counted=dict(count, first_number=9, last_number=10, reopened=1, over=True))
    counted = b"1alert.counted 1 " + json.dumps(late, separators=(",", ":")).encode()
    opened = b"3" + opened[1:]
    yield from [opened, opened + b"\n" + counted, opened + b"\n01ack\n01close: planned, DB-1",
                opened + b"\n01close: done\n" + counted + b"\n01ack", opened + b"\n01close: x",
                opened + b'\n1alert.closed 1 {"reason":"done"}', b"301ack", counted,
                opened.replace(b"person-dml", b"blind").replace(b'"last_number":2', b'"last_number":1e9')]
    for fields in ([b"jd", b"WRITE", b"DELETE", b"public.orders", b"6b00dd29.3957", b"", b"",
                    b"delete from orders where a = ?"],
                   [b"jd", b"READ", b"SELECT", b"", b"s", b"", b"", b"SELECT 1; set pgaudit.log='none'"],
                   [b"x", b"MISC", b"SET", b"", b"s", b"", b"DB-1", b'set U&"pga\\0075dit.log"=on'],
                   [b"svc_a", b"DDL", b"ALTER ROLE", b"pg_temp_3.t", b"s", b"", b"",
                    b"alter role jd reset all; update pg_settings set setting=?"],
                   [b"\xff\x01|%", b"ROLE", b"", b"\xe2\x80\xae", b'"\\', b"42501", b"\x7f", b""]):
        yield b"41" + b"\0".join(fields)
        yield b"40" + b"\0".join(fields)


def deliveries():
    events = [{"id": "31", "timestamp": 1, "message": "one"},
              {"id": "32", "timestamp": 2, "message": 'two "q" \u00e4'}]
    subscription = {"messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "/aws/rds/orders",
                    "logStream": "s", "subscriptionFilters": ["f"], "logEvents": events}
    control = {"messageType": "CONTROL_MESSAGE", "logEvents": [
        {"id": "", "timestamp": 1, "message": "CWL CONTROL MESSAGE: Checking health."}]}
    line = b'2026-11-20 00:00:01.000 UTC,"jd","orders",1,"[local]",6b.1,1,"idle",,\n'
    records = [line, gzip.compress(json.dumps(subscription).encode(), mtime=0),
               json.dumps(control).encode()]
    batch = {"requestId": "ed4acda5-034f-9f42-bba1-f29aea6d7d8f", "timestamp": 1,
             "records": [{"data": base64.b64encode(one).decode()} for one in records]}
    entry = {"timestamp": "2026-11-20 00:00:01.000 UTC", "pid": 1, "session_id": "6b.1",
             "line_num": 1, "error_severity": "LOG", "message": "x"}
    place = {"v": 1, "family": ".csv", "listed_ns": 7, "files": [
        {"name": "log.csv", "device": 1, "inode": 2, "offset": 3, "modified_ns": 4,
         "head_bytes": 3, "head": "0123456789abcdef" * 2}]}
    key = {"name": "log.csv.1.gz", "size": 9, "modified_ns": 4}
    documents = [events, subscription, control, batch, entry, {"events": events},
                 {"records": events}, events[0], place,
                 {"v": 1, "at": key, "offset": 5, "done": [key]}]
    for document in documents:
        yield json.dumps(document).encode()
    yield b"\n".join(json.dumps(event).encode() for event in events)
    yield line
    yield b"[4711] LOG:  checkpoint\n"
    yield gzip.compress(bytes(1 << 20), mtime=0)
    yield gzip.compress(json.dumps(batch).encode(), mtime=0) * 2
    yield gzip.compress(line, mtime=0)[:-5]


TARGETS = {
    "audit_line": audit_lines, "audit_log": audit_logs, "audit_record": audit_records,
    "audit_rules": audit_rules, "deliveries": deliveries,
    "masked_sql": statements,
    "registrations": registrations,
    "captures": captures, "decisions": decisions, "policies": policies,
    "call_line": lines, "caller": callers, "http_request": http_heads, "http_response": responses,
    "journal": journals, "migrations": migrations, "multipart": forms,
    "names": words, "open_calls": open_calls,
    "request_body": request_bodies, "response_body": response_bodies, "route": routes,
    "settings": configurations, "tree_path": paths, "upstream": upstreams,
    "usage_events": usage_events, "usage_request": usage_requests, "values": values}


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    for name, inputs in TARGETS.items():
        directory = pathlib.Path(sys.argv[1]) / name
        directory.mkdir(parents=True, exist_ok=True)
        for content in inputs():
            (directory / hashlib.sha1(content).hexdigest()).write_bytes(content)


main()
