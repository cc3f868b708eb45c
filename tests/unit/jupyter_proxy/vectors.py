"""Messages that two parsers could read in two ways, family by family: what `security.md` calls T05, T09, T14 to T18 and T20."""

Vector = tuple[str, tuple[str, ...], str]  # first line, header lines after the usual ones, what follows the head

POST, GET, LAST = "POST /user/ken/x HTTP/1.1", "GET /user/ken/x HTTP/1.1", "0\r\n\r\n"
CHUNKED = "Transfer-Encoding: chunked"


def _lengths() -> dict[str, Vector]:
    odd = [
        "+5", "-5", "-0", "0x5", "5.0", "5,5", "5, 5", "5,6", "5 5", "5_0", "5e0", "", ",", "5,", ",5", "five", "\xb25", "5\x0b", "'5'", '"5"',
        "9" * 19, "9" * 40, "18446744073709551616", "18446744073709551621", "9223372036854775808", "00000000000000000000005",
    ]  # fmt: skip
    return {f"length {value!r}": (POST, (f"Content-Length: {value}",), "hello") for value in odd}


def _codings() -> dict[str, Vector]:
    odd = [
        "chunked, chunked", "chunked,chunked", "xchunked", "chunkedx", "chunked x", "chunked;q=1", "chunked,", ", chunked", ",chunked", "identity",
        "chunked, identity", "identity, chunked", "gzip", "gzip, chunked", "chunked, gzip", "trailers, chunked", '"chunked"', "'chunked'", "",
        "\x0bchunked", "chunked\x0b", "\x0cchunked", "chun ked", "\x00chunked", "\xa0chunked", "chunked\xff", "CHUNKED, cow", "\x85chunked",
    ]  # fmt: skip
    found: dict[str, Vector] = {f"coding {value!r}": (POST, (f"Transfer-Encoding: {value}",), LAST) for value in odd}
    named = {
        "a space before the colon": "Transfer-Encoding : chunked",
        "a tab before the colon": "Transfer-Encoding\t: chunked",
        "a space before the name": " Transfer-Encoding: chunked",
        "a NUL in the name": "Transfer\x00-Encoding: chunked",
        "a vertical tab before the name": "\x0bTransfer-Encoding: chunked",
        "a folded value": "Transfer-Encoding:\r\n chunked",
        "a value folded by a tab": "Transfer-Encoding:\r\n\tchunked",
        "a value on a bare LF line": "Transfer-Encoding:\n chunked",
        "no colon": "Transfer-Encoding chunked",
        "a colon too many": ":Transfer-Encoding: chunked",
    }
    found |= {f"coding with {name}": (POST, (line,), LAST) for name, line in named.items()}
    return found


def _both() -> dict[str, Vector]:
    found: dict[str, Vector] = {}
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        line = f"{method} /user/ken/x HTTP/1.1"
        found |= {
            f"{method} with a length and chunked": (line, ("Content-Length: 5", CHUNKED), LAST),
            f"{method} chunked and with a length": (line, (CHUNKED, "Content-Length: 5"), LAST),
            f"{method} with length 0 and chunked": (line, ("Content-Length: 0", CHUNKED), LAST),
            f"{method} with two lengths": (line, ("Content-Length: 5", "Content-Length: 6"), "hello"),
            f"{method} with the same length twice": (line, ("Content-Length: 5", "Content-Length: 5"), "hello"),
            f"{method} chunked twice": (line, (CHUNKED, CHUNKED), LAST),
            f"{method} chunked in HTTP/1.0": (f"{method} /user/ken/x HTTP/1.0", (CHUNKED,), LAST),
            f"{method} chunked and kept in HTTP/1.0": (
                f"{method} /user/ken/x HTTP/1.0", ("Connection: keep-alive", CHUNKED), LAST,
            ),
        }  # fmt: skip
    return found


HEADERS = {
    "a bare LF ends a line": "X-A: b\nX-C: d",
    "a bare CR in a value": "X-A: b\rX-C: d",
    "a bare CR before the line's end": "X-A: b\r",
    "a bare LF before the head's end": "X-A: b\n\n",
    "two bare CR": "X-A: b\r\r\nX-C: d",
    "a folded line": "X-A: b\r\n c",
    "a line folded by a tab": "X-A: b\r\n\tc",
    "a folded line of spaces": "X-A: b\r\n  ",
    "a line with a first space": " X-A: b",
    "a space before the colon": "X-A : b",
    "a tab before the colon": "X-A\t: b",
    "a space in the name": "X A: b",
    "no name": ": b",
    "no name and no value": ":",
    "no colon": "X-A",
    **{
        f"control byte {byte:#04x} in a value": f"X-A: b{chr(byte)}c"
        for byte in [*range(9), 11, 12, *range(14, 32), 127]
    },
    **{
        f"byte {byte:#04x} in a name": f"X{chr(byte)}A: b"
        for byte in [*range(9), *range(11, 13), *range(14, 33), 127, 128, 255]
    },
    **{f"separator {mark} in a name": f"X{mark}A: b" for mark in '()<>@,;\\"/[]?={}'},
}

LINES = [
    "GET http://localhost/user/ken/x HTTP/1.1", "GET http://evil.example/ HTTP/1.1", "GET https://localhost/user/ken/x HTTP/1.1",
    "POST http://localhost@evil.example/ HTTP/1.1", "GET ftp://localhost/ HTTP/1.1", "GET //@localhost: HTTP/1.1\r\nX", "GET localhost:80 HTTP/1.1",
    "CONNECT localhost:80 HTTP/1.1", "CONNECT evil.example:443 HTTP/1.1", "CONNECT 127.0.0.1:22 HTTP/1.1", "OPTIONS * HTTP/1.1", "GET * HTTP/1.1",
    "GET user/ken/x HTTP/1.1", "GET ?x HTTP/1.1", "GET #x HTTP/1.1", "GET  /user/ken/x HTTP/1.1", "GET /user/ken/x  HTTP/1.1",
    "GET\t/user/ken/x HTTP/1.1", "GET /user/ken/x\tHTTP/1.1", " GET /user/ken/x HTTP/1.1", "GET /user/ken/x HTTP/1.1 ", "GET /user/ken/x HTTP/1.1\t",
    "GET /user/ken/x y HTTP/1.1", "GET /user/ken/x HTTP/1.1 HTTP/1.1", "GET /user/ken/\x01 HTTP/1.1", "GET /user/ken/\x00 HTTP/1.1",
    "GET /user/ken/\x7f HTTP/1.1", "GET /user/ken/\xe9 HTTP/1.1", "GET /user/ken/\xff HTTP/1.1", "GET /user/ken/x\x0b HTTP/1.1",
    "GET /user/ken/x", "GET /user/ken/x HTTP/0.9", "GET /user/ken/x HTTP/1.2", "GET /user/ken/x HTTP/2.0", "GET /user/ken/x HTTP/2", "GET /user/ken/x HTTP/3",
    "GET /user/ken/x HTTP/1.10", "GET /user/ken/x HTTP/11.1", "GET /user/ken/x HTTP/1", "GET /user/ken/x HTTP/1.", "GET /user/ken/x HTTP/+1.1",
    "GET /user/ken/x http/1.1", "GET /user/ken/x HTTP 1.1", "GET /user/ken/x HTTPS/1.1", "GET /user/ken/x ICE/1.0", "GET /user/ken/x RTSP/1.0",
    "get /user/ken/x HTTP/1.1", "Get /user/ken/x HTTP/1.1", "post /user/ken/x HTTP/1.1", "G\x00ET /user/ken/x HTTP/1.1", "G ET /user/ken/x HTTP/1.1",
    "GET: /user/ken/x HTTP/1.1", "\x16\x03\x01\x02 /user/ken/x HTTP/1.1", "\xef\xbb\xbfGET /user/ken/x HTTP/1.1", "/user/ken/x HTTP/1.1", "GET HTTP/1.1",
    "PRI * HTTP/2.0", "HTTP/1.1 200 OK", "", " ", "SOURCE /user/ken/x ICE/1.0", "GET /user/ken/x HTTP/1.1\r", "\rGET /user/ken/x HTTP/1.1",
]  # fmt: skip
METHODS = [
    "TRACE",
    "TRACK",
    "DEBUG",
    "PURGE",
    "PROPFIND",
    "MKCOL",
    "LINK",
    "SEARCH",
    "M-SEARCH",
    "SOURCE",
    "PRI",
    "FOO",
    "G",
    "GETT",
    "CONNECT",
]

HOSTS: dict[str, tuple[str, ...]] = {
    "no Host": (),
    "two Hosts": ("Host: localhost:@", "Host: localhost:@"),
    "two different Hosts": ("Host: localhost:@", "Host: evil.example"),
    "the other order": ("Host: evil.example", "Host: localhost:@"),
    "two spellings": ("Host: localhost:@", "HOST: localhost:@"),
    "an empty one beside": ("Host:", "Host: localhost:@"),
    **{
        f"Host {value!r}": (f"Host: {value}",)
        for value in [
            "", "evil.example", "evil.example:@", "localhost.evil.example:@", "localhost@evil.example", "ken@localhost:@", "ken:pw@localhost:@",
            "evil.example@localhost:@", "localhost:@@evil.example", "localhost:@/", "localhost:@/user/ada", "localhost:@?x", "localhost:@#x",
            "localhost:@, evil.example", "localhost:@,localhost:@", "localhost:@ evil.example", "localhost\tevil.example", "http://localhost:@",
            "localhost:@\\evil.example", "localhost%00:@", "localhost:99999999", "localhost:x", "localhost:-1", "localhost::@", "[::1", "[::1]x", "[localhost]:@",
            "localhost:@;x", "lоcalhost".replace("о", "\xee"), "'localhost'", "localhost\x0b", "*", ".", "localhost..", "127.1:@", "2130706433:@", "0x7f.1",
        ]
    },
}  # fmt: skip

BODIES = {
    f"chunk {body!r}"[:60]: body + (LAST if body.endswith("hello\r\n") else "")  # else what follows is the mistake
    for body in [
        "0x5\r\nhello\r\n", "+5\r\nhello\r\n", "-5\r\nhello\r\n", " 5\r\nhello\r\n", "5 \r\nhello\r\n", "5\t\r\nhello\r\n", "\t5\r\nhello\r\n", "5_0\r\nhello\r\n",
        "5h\r\nhello\r\n", "g\r\n", "zz\r\n", "\r\nhello\r\n", "\r\n\r\n", "'5'\r\nhello\r\n", "5.\r\nhello\r\n", "5,\r\nhello\r\n", "\x005\r\nhello\r\n", "5\x00\r\nhello\r\n",
        "0" * 17 + "5\r\nhello\r\n", "f" * 16 + "\r\n", "f" * 17 + "\r\n", "1" + "0" * 16 + "\r\n", "fffffffffffffff0f\r\n", "8" + "0" * 15 + "\r\n",
        "5;x\r\nhello\r\n", "5;x=1\r\nhello\r\n", '5;x="a\r\nb"\r\nhello\r\n', "5;\r\nhello\r\n", "5 ;x\r\nhello\r\n", "5;\nhello\r\n", "0;x\r\n\r\n", "5\x0b;x\r\nhello\r\n",
        "5\nhello\r\n", "5\rhello\r\n", "5\r\r\nhello\r\n", "5\n\nhello\r\n", "5\r\nhello", "5\r\nhello0\r\n\r\n", "5\r\nhelloXX0\r\n\r\n", "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello\r0\r\n\r\n", "5\r\nhello\n\r0\r\n\r\n", "4\r\nhello\r\n", "6\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n\r\n0\r\n\r\n", "0\n\n", "0\r\n\n", "0\n\r\n", "0\r\r\n\r\n",
        "0\r\nX-A\r\n\r\n", "0\r\n: b\r\n\r\n", "0\r\n X-A: b\r\n\r\n", "0\r\nX-A: b\r\n c\r\n\r\n", "0\r\nX-A : b\r\n\r\n", "0\r\nX-A: b\n\n", "0\r\nX-A: b\x00\r\n\r\n",
        "0\r\nX-A: b\rc\r\n\r\n", "0\r\nX A: b\r\n\r\n", "0\r\nX-A: \x01\r\n\r\n", "00000000000000000000\r\n\r\n", "-0\r\n\r\n", "0x0\r\n\r\n", " 0\r\n\r\n",
    ]
}  # fmt: skip
BODIES.pop("chunk '5\\r\\nhello'"[:60], None)  # it is no mistake before more comes

AMBIGUOUS: dict[str, Vector] = {
    **_lengths(),
    **_codings(),
    **_both(),
    **{f"header: {name}": (POST, (line,), "") for name, line in HEADERS.items()},
    "an upgrade with a body": (GET, ("Connection: Upgrade", "Upgrade: websocket", "Content-Length: 5"), "hello"),
    "an upgrade with a chunked body": (GET, ("Connection: Upgrade", "Upgrade: websocket", CHUNKED), LAST),
    "an upgrade of a POST": (POST, ("Connection: Upgrade", "Upgrade: websocket"), ""),
    "an upgrade in HTTP/1.0": ("GET /user/ken/x HTTP/1.0", ("Connection: Upgrade", "Upgrade: websocket"), ""),
}
