"""What ISO 19005-3 asks of a PDF/A-3b, as far as pikepdf sees it: not all that veraPDF checks, but what engines get wrong."""

import io
import re
from collections.abc import Iterator
from typing import Any

import pikepdf

_FORBIDDEN_ACTIONS = {
    "/Launch",
    "/Sound",
    "/Movie",
    "/ResetForm",
    "/ImportData",
    "/JavaScript",
    "/Hide",
    "/SetOCGState",
}
_ANNOTATIONS = {"/Link", "/Widget"}  # the kinds that a report has
_PRINT, _HIDDEN, _INVISIBLE, _NO_VIEW = 4, 2, 1, 32
_DEVICE = {"/DeviceCMYK"}  # not what an output intent of RGB allows


def problems(data: bytes) -> list[str]:
    """What is wrong, in words; nothing if it is a PDF/A-3b."""
    with pikepdf.open(io.BytesIO(data)) as pdf:
        return [
            *_file(data, pdf),
            *_metadata(pdf),
            *_colour(pdf),
            *_objects(pdf),
            *_annotations(pdf),
            *_attachments(pdf),
        ]


def _file(data: bytes, pdf: pikepdf.Pdf) -> Iterator[str]:
    first, second = data.split(b"\n", 2)[:2]
    if not re.fullmatch(rb"%PDF-1\.[0-7]\r?", first):
        yield f"header {first!r}"
    if second[:1] != b"%" or sum(byte > 127 for byte in second[1:5]) < 4:
        yield "no binary comment after the header"
    if not data.rstrip(b"\r\n").endswith(b"%%EOF"):
        yield "something after the end"
    if "/ID" not in pdf.trailer or "/Encrypt" in pdf.trailer:
        yield "no /ID, or encrypted"
    yield from pdf.check_pdf_syntax()


def _metadata(pdf: pikepdf.Pdf) -> Iterator[str]:
    stream = pdf.Root.get("/Metadata")
    if stream is None or "/Filter" in stream or stream.get("/Subtype") != "/XML":
        yield "no plain XMP"
        return
    text = stream.read_raw_bytes().decode("utf-8")
    header = re.match(r"<\?xpacket begin=[^>]*\?>", text)
    if not header or "bytes=" in header[0] or "encoding=" in header[0] or "<?xpacket end=" not in text:
        yield "XMP is no packet"
    with pdf.open_metadata() as said:
        if (said.get("pdfaid:part"), said.get("pdfaid:conformance")) != ("3", "B"):
            yield "XMP does not say PDF/A-3b"
        if said.get("dc:title") != str(pdf.docinfo.get("/Title")):
            yield "two titles"
        for name, key in (("xmp:CreateDate", "/CreationDate"), ("xmp:ModifyDate", "/ModDate")):
            info = re.sub(r"\D", "", str(pdf.docinfo[key])) if key in pdf.docinfo else None
            if info and not re.sub(r"\D", "", str(said.get(name))).startswith(info[:14]):
                yield f"two times: {key}"


def _colour(pdf: pikepdf.Pdf) -> Iterator[str]:
    intents = [each for each in pdf.Root.get("/OutputIntents", []) if each.S == "/GTS_PDFA1"]
    if len(intents) != 1 or intents[0].DestOutputProfile.read_bytes()[36:40] != b"acsp":
        yield "no output intent with an ICC profile"
    elif intents[0].DestOutputProfile.N != 3:
        yield "an output intent that is not RGB"


def _objects(pdf: pikepdf.Pdf) -> Iterator[str]:
    for each in pdf.objects:
        if not isinstance(each, (pikepdf.Dictionary, pikepdf.Stream)):
            continue
        if isinstance(each, pikepdf.Stream):
            filters = str(each.get("/Filter", ""))
            if "LZW" in filters or "Crypt" in filters or "/F" in each or "/FFilter" in each:
                yield "a stream as PDF/A does not allow"
        if each.get("/Type") == "/Font" and each.get("/Subtype") not in ("/Type0", "/Type3"):
            descriptor = each.get("/FontDescriptor", {})
            if not {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor.keys()):
                yield f"a font that is not embedded: {each.get('/BaseFont')}"
        if each.get("/Type") == "/Font" and "/ToUnicode" not in each and each.get("/Subtype") == "/Type0":
            yield "a font whose text cannot be copied"
        if each.get("/S") in _FORBIDDEN_ACTIONS or "/JS" in each or "/AA" in each:
            yield "an action that does something"
        if each.get("/Subtype") == "/Image":
            if bool(each.get("/Interpolate", False)) or "/Alternates" in each or "/OPI" in each:
                yield "an image as PDF/A does not allow"
            if str(each.get("/ColorSpace")) in _DEVICE:
                yield "an image in the colours of a device"
        if each.get("/Type") == "/ExtGState" and {"/TR", "/HTP"} & set(each.keys()):
            yield "a transfer function"
        if each.get("/Type") == "/Sig":
            for reference in each.get("/Reference", []):
                if {"/DigestMethod", "/DigestValue", "/DigestLocation"} & set(reference.keys()):
                    yield "a digest in a signature's reference"


def _annotations(pdf: pikepdf.Pdf) -> Iterator[str]:
    for page in pdf.pages:
        for each in page.get("/Annots", []):
            flags = int(each.get("/F", 0))
            if each.Subtype not in _ANNOTATIONS:
                yield f"an annotation {each.Subtype}"
            if not flags & _PRINT or flags & (_HIDDEN | _INVISIBLE | _NO_VIEW):
                yield f"an annotation with flags {flags}"
            x0, y0, x1, y1 = (float(number) for number in each.Rect)
            if each.Subtype == "/Widget" and (x0, y0) != (x1, y1) and "/AP" not in each:
                yield "a widget without its looks"
    form: Any = pdf.Root.get("/AcroForm", {})
    if bool(form.get("/NeedAppearances", False)) or "/XFA" in form:
        yield "a form that asks for its looks"
    if set(pdf.Root.get("/Perms", {}).keys()) - {"/DocMDP", "/UR3"}:
        yield "other permissions"


def _attachments(pdf: pikepdf.Pdf) -> Iterator[str]:
    associated = [each.objgen for each in pdf.Root.get("/AF", [])]
    for each in pdf.objects:
        if isinstance(each, pikepdf.Dictionary) and "/EF" in each:
            if not {"/F", "/UF", "/AFRelationship"} <= set(each.keys()) or each.objgen not in associated:
                yield "an attachment that belongs to nothing"
            if "/Subtype" not in each.EF.F or "/ModDate" not in each.EF.F.get("/Params", {}):
                yield "an attachment without type or time"
