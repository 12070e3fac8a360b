"""E-mail: a message as a letter with text and simple HTML, and its way to the mail server."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from html import escape

from lifecycle.language import ENGLISH, language, mark, say, speaking
from lifecycle.notify.undelivered import Undelivered, one_line
from lifecycle.rules.messages import Line, Message, Section
from lifecycle.rules.people import email_problem
from lifecycle.settings import Mail

TIMEOUT_SECONDS = 20
WHY = mark("Lifecycle sent you this. Choose how you are told: {url}")


def letter(
    mail: Mail,
    message: Message,
    *,
    key: str,
    name: str,
    address: str,
    at: datetime,
    choices_url: str,
    reads: str = ENGLISH,
) -> EmailMessage:
    """The letter, for somebody who `reads` that language.

    The same `key` gives the same Message-ID, so that a receiver can drop what it has already. Raises
    Undelivered for an address that no letter can be sent to.
    """
    receiver = _address(name, address)
    made = EmailMessage(policy=SMTP if receiver.addr_spec.isascii() else SMTPUTF8)
    made["From"] = Address(display_name=one_line(mail.sender_name), addr_spec=mail.sender)
    made["To"] = receiver
    made["Subject"] = one_line(message.subject)
    made["Date"] = format_datetime(at)
    made["Message-ID"] = f"<{key}@{mail.sender.rpartition('@')[2]}>"
    # So that an absence notice does not answer, and a receiver can tell a message that came twice.
    made["Auto-Submitted"] = "auto-generated"
    made["Lifecycle-Delivery"] = key
    with speaking(reads):
        made.set_content(as_text(message, choices_url))
        made.add_alternative(as_html(message, choices_url), subtype="html")
    return made


def _address(name: str, address: str) -> Address:
    try:
        if email_problem(address):
            raise ValueError(address)
        mailbox, _, domain = address.rpartition("@")
        return Address(one_line(name), username=mailbox, domain=domain.encode("idna").decode())
    except (MessageError, ValueError):
        raise Undelivered(
            say("“{address}” is no address for e-mail.", address=one_line(address)), is_permanent=True
        ) from None


def as_text(message: Message, choices_url: str) -> str:
    blocks = [message.lead]
    for section in message.sections:
        lines = "\n".join(
            f"- {line.text}" + (f"\n  {line.url}" if line.url else "") for line in section.lines
        )
        blocks.append(f"{section.heading}:\n{lines}")
    if message.link:
        blocks.append(f"{message.link_label}:\n{message.link}")
    blocks.append("--\n" + say(WHY, url=choices_url))
    return "\n\n".join(blocks) + "\n"


def as_html(message: Message, choices_url: str) -> str:
    """Readable in every mail program: no style sheet, no picture, nothing fetched, everything escaped."""
    parts = [f'<p style="font-size:16px">{escape(message.lead)}</p>']
    if message.link:
        button = (
            "display:inline-block;background:#0b6e99;color:#ffffff;padding:10px 18px;border-radius:6px;"
            "text-decoration:none"
        )
        label = escape(message.link_label)
        parts.append(f'<p><a href="{escape(message.link)}" style="{button}">{label}</a></p>')
    for section in message.sections:
        parts.append(f"<p><strong>{escape(section.heading)}</strong></p>{_block(section)}")
    why = escape(say(WHY, url="")).strip()
    url = escape(choices_url)
    parts.append(f'<p style="color:#555555;font-size:13px">{why} <a href="{url}">{url}</a></p>')
    body = "".join(parts)
    return (
        f'<!doctype html><html lang="{language()}"><body style="font-family:sans-serif;line-height:1.5;color:#1a1a1a;'
        f'max-width:640px">{body}</body></html>'
    )


def _block(section: Section) -> str:
    if section.is_quoted:
        text = "<br>".join(_linked(line) for line in section.lines)
        return f'<blockquote style="border-left:3px solid #c8d2dc;margin:0;padding-left:12px">{text}</blockquote>'
    return f"<ul>{''.join(f'<li>{_linked(line)}</li>' for line in section.lines)}</ul>"


def _linked(line: Line) -> str:
    text = escape(line.text)
    return f'<a href="{escape(line.url)}">{text}</a>' if line.url else text


# ---------------------------------------------------------------- sending


def send(mail: Mail, made: EmailMessage) -> None:
    """Hand the letter to the mail server. Returns when it has been accepted; raises Undelivered."""
    with _connected(mail) as server:
        try:
            server.send_message(made)
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            raise _answered(code, said) from None
        except smtplib.SMTPResponseException as error:
            raise _answered(error.smtp_code, error.smtp_error) from None
        except smtplib.SMTPNotSupportedError:
            reason = say("The mail server takes no addresses with accents or symbols.")
            raise Undelivered(reason, is_permanent=True) from None
        except (smtplib.SMTPException, OSError) as error:
            raise Undelivered(say("The mail server broke off: {words}.", words=_words(error))) from None


@contextmanager
def _connected(mail: Mail) -> Iterator[smtplib.SMTP]:
    try:
        server = _connect(mail)
    except smtplib.SMTPAuthenticationError as error:
        reason = say("The mail server refuses the user or the password ({code}).", code=error.smtp_code)
        raise Undelivered(reason, is_unreachable=True) from None
    except smtplib.SMTPNotSupportedError:
        reason = say(
            "The mail server does not offer what LIFECYCLE_SMTP_SECURITY or LIFECYCLE_SMTP_USER asks for."
        )
        raise Undelivered(reason, is_unreachable=True) from None
    except (smtplib.SMTPException, OSError) as error:
        reason = say(
            "The mail server {host}:{port} cannot be reached: {words}.",
            host=mail.host,
            port=mail.port,
            words=_words(error),
        )
        raise Undelivered(reason, is_unreachable=True) from None
    try:
        yield server
    finally:
        # Whatever the farewell brings: an accepted letter stays accepted.
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
        server.close()


def _connect(mail: Mail) -> smtplib.SMTP:
    if mail.security == "ssl":
        context = ssl.create_default_context()
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            mail.host, mail.port, timeout=TIMEOUT_SECONDS, context=context
        )
    else:
        server = smtplib.SMTP(mail.host, mail.port, timeout=TIMEOUT_SECONDS)
    try:
        if mail.security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if mail.user:
            server.login(mail.user, mail.password)
    except BaseException:
        server.close()
        raise
    return server


def _answered(code: int, said: bytes | str) -> Undelivered:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return Undelivered(
        say("The mail server answered {code}: {text}", code=code, text=text), is_permanent=500 <= code < 600
    )


def _words(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")
