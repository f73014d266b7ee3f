"""What the rules of own.yaml must find (ruleid) and let pass (ok); read by `semgrep --test`, run by nobody."""
# ruff: noqa
# mypy: ignore-errors


def no_scan(store, client):
    # ruleid: no-scan-in-a-request
    store.scan("table")
    # ruleid: no-scan-in-a-request
    client.get_paginator("scan")
    # ok: no-scan-in-a-request
    store.query("table", "customer_id = :customer", {})


def algorithms(token, key, header):
    # ruleid: token-algorithms-are-literal
    jwt.decode(token, key)
    # ruleid: token-algorithms-are-literal
    jwt.decode(token, key, algorithms=["HS256"], options={"verify_signature": False})
    # ruleid: token-algorithms-are-literal
    jwt.decode(token, key, algorithms=[jwt.get_unverified_header(token)["alg"]])
    # ruleid: token-algorithms-are-literal
    header.get("alg", "none")
    # ok: token-algorithms-are-literal
    jwt.decode(token, key, algorithms=["RS256"], issuer="us")


def compared(secret, pepper, kept):
    # ruleid: secrets-are-compared-in-constant-time
    hmac.new(pepper, secret, "sha256").hexdigest() == kept
    # ruleid: secrets-are-compared-in-constant-time
    digest(secret, pepper) == kept
    # ok: secrets-are-compared-in-constant-time
    hmac.compare_digest(digest(secret, pepper), kept)


def pdf(text):
    # ruleid: pdf-text-goes-through-one-place
    Paragraph(text, "style")
    # ok: pdf-text-goes-through-one-place
    Paragraph(safe_text(text), "style")
    # ok: pdf-text-goes-through-one-place
    Paragraph("No data.", "style")


def cells(file, sheet, text):
    # ruleid: cells-go-through-one-place
    csv.writer(file)
    # ruleid: cells-go-through-one-place
    WriteOnlyCell(sheet, text)
    # ruleid: cells-go-through-one-place
    sheet.cell(1, 2).value = text
    # ok: cells-go-through-one-place
    csv.reader(file)


def html(text, loader):
    # ruleid: html-is-escaped-by-itself
    Markup(text)
    # ruleid: html-is-escaped-by-itself
    Environment(loader=loader)
    # ruleid: html-is-escaped-by-itself
    Environment(loader=loader, autoescape=False)
    # ok: html-is-escaped-by-itself
    Environment(loader=loader, autoescape=True)


def logs(request, customer):
    # ruleid: logs-are-told-in-words-of-ours
    LOGGER.info(f"asked by {customer}")
    # ruleid: logs-are-told-in-words-of-ours
    LOGGER.warning("asked by %s" % customer)
    # ruleid: logs-are-told-in-words-of-ours
    LOGGER.error("asked by " + customer, extra={})
    # ruleid: logs-are-told-in-words-of-ours
    LOGGER.error("asked by {}".format(customer))
    # ok: logs-are-told-in-words-of-ours
    LOGGER.info("asked", extra={"customer_id": customer})


def headers(request):
    # ruleid: headers-and-bodies-are-never-logged
    LOGGER.info("asked", extra={"headers": request.headers})
    # ruleid: headers-and-bodies-are-never-logged
    LOGGER.info("asked", extra={"a": 1, "body": request.raw_body})
    # ok: headers-and-bodies-are-never-logged
    LOGGER.info("asked", extra={"method": request.method})


def clients(wiring):
    # ruleid: clients-are-made-by-wiring
    boto3.client("dynamodb")
    # ruleid: clients-are-made-by-wiring
    boto3.resource("s3")
    # ok: clients-are-made-by-wiring
    wiring.client("s3")


def internet(url, outbound):
    # ruleid: the-internet-is-reached-by-one-place
    urllib.request.urlopen(url)
    # ruleid: the-internet-is-reached-by-one-place
    http.client.HTTPSConnection("host")
    # ok: the-internet-is-reached-by-one-place
    outbound.post(url, b"")
