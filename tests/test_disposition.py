from hypothesis import given
from hypothesis import strategies as st

from vistobueno.web.api.disposition import file_name

NAMES = {
    b"filename*=UTF-8''pl%C3%A1tano.jpg": "plátano.jpg",
    b"filename*=utf-8'es'pl%C3%A1tano%20verde.jpg": "plátano verde.jpg",
    b"FileName*=UTF-8''pl%c3%a1tano.jpg": "plátano.jpg",
    b"filename*=ISO-8859-1''pl%E1tano.jpg": "plátano.jpg",
    b"filename*=\"UTF-8''pl%C3%A1tano.jpg\"": "plátano.jpg",
    b"filename=\"pl_tano.jpg\"; filename*=UTF-8''pl%C3%A1tano.jpg": "plátano.jpg",
    b"filename*=UTF-8''pl%C3%A1tano.jpg; filename=\"pl_tano.jpg\"": "plátano.jpg",
    b"filename*0*=UTF-8''pl%C3%A1; filename*1=tano.jpg": "plátano.jpg",
    b"filename*=UTF-8''..%2F..%2Fetc%2Fpl%C3%A1tano.jpg": "plátano.jpg",
    b"filename*=UTF-8''C%3A%5Cfakepath%5Cx.jpg": "x.jpg",
    b'filename="C:\\fakepath\\x.jpg"': "x.jpg",
    b'filename="/home/ana/x.jpg"': "x.jpg",
    'filename="plátano.jpg"'.encode(): "plátano.jpg",
    b"filename=\"a; filename*=UTF-8''b.jpg\"": "a; filename*=UTF-8''b.jpg",
    b"filename=x.jpg; filename*" + b"9" * 5_000 + b"*=UTF-8''y.jpg": "x.jpg",
    b"filename=x.jpg; filename*=idna''%FF%2E": "x.jpg",
    b"filename=x.jpg; filename*=undefined''y": "x.jpg",
    b"filename=x.jpg; filename*=hex''6162.jpg": "6162.jpg",
    'filename="pla\u0301tano.jpg"'.encode(): "plátano.jpg",
    b'filename=""': None,
    b"filename*=UTF-8''": None,
    b"": None,
}


def test_a_file_is_called_what_its_sender_called_it() -> None:
    for written, name in NAMES.items():
        assert file_name(b'form-data; name="photo"; ' + written) == name, written


@given(st.binary(max_size=60), st.sampled_from([b"filename*=", b"filename*0*=", b"filename=", b""]))
def test_whatever_is_written_there_is_a_name_or_none(written: bytes, key: bytes) -> None:
    name = file_name(b"form-data; name=photo; " + key + written)
    assert name is None or ("/" not in name and "\\" not in name)
