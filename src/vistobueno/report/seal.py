"""The seal of a report: PAdES by pyHanko, with the station's own key or one that somebody was issued. It keeps no key."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeVar

from .report import ReportRefused

if TYPE_CHECKING:
    from asn1crypto.x509 import Certificate
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.signers import SimpleSigner

T = TypeVar("T")
FIELD = "Seal"
State = Literal["whole", "changed", "none"]
_YEARS = 20  # a seal without a timestamp is checked against the clock of whoever checks
_RSA_BITS = 3072  # every reader of PDF checks RSA; of elliptic curves not all do
_TIMESTAMP_SECONDS = 20


@dataclass(frozen=True)
class Key:
    """A key that seals, with its certificate.

    Attributes:
        name: whose it is, from the certificate.
        fingerprint: SHA-256 of the certificate, in hexadecimal.
        until: it seals no longer than that.
    """

    name: str
    fingerprint: str
    until: datetime
    signer: "SimpleSigner"


@dataclass(frozen=True)
class Seal:
    """What a file says of its seal.

    Attributes:
        state: ``whole``: not a byte differs from what was sealed; ``changed``: something does, or was added after; ``none``:
            it has no seal.
        name, fingerprint: of the certificate; anybody can make one of any name, so the fingerprint is what to compare.
        at: when it was sealed: by a timestamp authority where ``timestamped``, else by the sealing station's own clock.
    """

    state: State
    name: str = ""
    fingerprint: str = ""
    at: datetime | None = None
    timestamped: bool = False


def new_key(name: str) -> bytes:
    """A key and its own certificate, as PKCS#12 without a password: for a file that nobody else can read."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import NoEncryption
    from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
    from cryptography.x509.oid import NameOID

    private = rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64] or "Visto Bueno")])
    now = datetime.now(UTC)
    usage = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only",
         "decipher_only"), False
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder(subject, subject, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365 * _YEARS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, content_commitment=True, **usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .sign(private, hashes.SHA256())
    )
    return serialize_key_and_certificates(b"seal", private, certificate, None, NoEncryption())


def open_key(pkcs12: bytes, password: str = "") -> Key:
    """The key in a PKCS#12.

    Raises:
        ReportRefused: ``seal_key_invalid``: there is none in it, or the password is another.
    """
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates
    from pyhanko.sign.signers import SimpleSigner

    secret = password.encode() or None
    try:
        private, certificate, _ = load_key_and_certificates(pkcs12, secret)
    except ValueError:
        private = certificate = None
    if private is None or certificate is None:
        raise ReportRefused(
            "seal_key_invalid",
            es="SEAL_PKCS12 no es un .p12 o .pfx con clave y certificado, o SEAL_PASSWORD no es su contraseña. Revise las dos.",
            en="SEAL_PKCS12 is not a .p12 or .pfx with a key and a certificate, or SEAL_PASSWORD is not its password. Check both.",
        )
    signer = SimpleSigner.load_pkcs12_data(pkcs12, other_certs=[], passphrase=secret)
    name, fingerprint = _named(signer.signing_cert)
    return Key(name, fingerprint, certificate.not_valid_after_utc, signer)


def seal(pdf: bytes, key: Key, timestamps: str = "") -> bytes:
    """The same PDF with a seal that allows no change: PAdES B-B, or B-T where ``timestamps`` is a timestamp authority's address.

    Raises:
        ReportRefused: ``seal_key_expired``; ``seal_timestamp``: the authority gave none.
    """
    from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
    from pyhanko.sign.signers import PdfSignatureMetadata, sign_pdf
    from pyhanko.sign.timestamps import TimeStamper
    from pyhanko.sign.timestamps.requests_client import RequestsHTTPTimeStamper

    if datetime.now(UTC) > key.until:
        raise ReportRefused(
            "seal_key_expired",
            es=f"El certificado del sello venció el {key.until:%Y-%m-%d}. Ponga otro en SEAL_PKCS12.",
            en=f"The certificate of the seal expired on {key.until:%Y-%m-%d}. Put another in SEAL_PKCS12.",
        )
    how = PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        signer_key_usage=set(),  # certificates for seals differ in it
    )
    authority: TimeStamper | None = None
    if timestamps:
        authority = RequestsHTTPTimeStamper(timestamps, timeout=_TIMESTAMP_SECONDS)  # type: ignore[no-untyped-call]
    out = io.BytesIO()
    try:
        _aside(partial(sign_pdf, _appending(pdf), how, key.signer, timestamper=authority, output=out))
    except (OSError, ValueError) as error:
        if not timestamps:
            raise
        raise ReportRefused(
            "seal_timestamp",
            es="La autoridad de sellado de tiempo no respondió como debe. Inténtelo más tarde o revise SEAL_TSA_URL.",
            en="The timestamp authority did not answer as it should. Try again later, or check SEAL_TSA_URL.",
        ) from error
    return out.getvalue()


def _aside(work: Callable[[], T]) -> T:
    """What ``work`` gives, done in a thread of its own: pyHanko runs an event loop, and where one runs already there is none."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def _appending(pdf: bytes) -> "IncrementalPdfFileWriter":
    """What is written after the end of a PDF. The metadata stay as they are: pyHanko's own are not those of PDF/A."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    class Appending(IncrementalPdfFileWriter):
        def _update_meta(self) -> None:
            pass

    return Appending(io.BytesIO(pdf))


def check(pdf: bytes) -> Seal:
    """Whose seal a file has and whether it is whole. It believes no certificate: compare the fingerprint. Asks no network.

    Raises:
        ReportRefused: ``report_unreadable``: it is no PDF, or too damaged to tell.
    """
    try:
        return _aside(partial(_checked, pdf))
    except Exception as error:  # a stranger's file: pyHanko fails on it in ways that it does not name
        raise ReportRefused(
            "report_unreadable",
            es="El archivo no es un PDF que se pueda leer: está dañado o no es el informe. Suba el archivo tal como lo recibió.",
            en="The file is not a readable PDF: it is damaged, or not the report. Upload the file as you received it.",
        ) from error


def _checked(pdf: bytes) -> Seal:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.general import find_cms_attribute_iter
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    found = PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures
    if not found:
        return Seal("none")
    tokens = find_cms_attribute_iter(found[0].signer_info["unsigned_attrs"], "signature_time_stamp_token")
    authorities = [each.chosen for token in tokens for each in token["content"]["certificates"]]
    # Whom to believe is not asked here: who signed is believed to be who signed.
    signer, authority = (
        ValidationContext(trust_roots=roots, allow_fetching=False) for roots in ([found[0].signer_cert], authorities)
    )
    status = validate_pdf_signature(found[0], signer, authority)
    whole = status.intact and status.valid and status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    stamp = status.timestamp_validity
    stamped = stamp is not None and stamp.intact and stamp.valid
    at = stamp.timestamp if stamp is not None and stamped else found[0].self_reported_timestamp
    return Seal("whole" if whole else "changed", *_named(status.signing_cert), at, stamped)


def _named(certificate: "Certificate") -> tuple[str, str]:
    """Whose it is, and its fingerprint."""
    subject = certificate.subject.native
    name = subject.get("common_name") or subject.get("organization_name") or certificate.subject.human_friendly
    return str(name), str(certificate.sha256.hex())
