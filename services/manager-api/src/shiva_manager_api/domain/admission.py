"""Who may come in, and as what: what an identity provider says, and the operator's rules. Pure.

Nobody may, unless a rule says so. Only what the provider vouches for counts: a confirmed address, and the domain in its own claim;
the text behind an `@` is no proof of anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from shiva_manager_api.domain import names
from shiva_manager_api.domain.people import Claims, Person, Quota, Role

DEV_ISSUER = "dev"  # people who typed a name, where nobody checks it


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRules:
    """The operator's. Addresses are canonical (`names.canonical`); empty rules admit nobody."""

    hosted_domains: frozenset[str] = frozenset()  # Google's `hd`, compared exactly
    home_domain: str | None = None  # people of it are named by the local part of their address
    everybody: bool = False  # whoever has a confirmed address at the provider
    guests: Mapping[str, date] = field(default_factory=dict)  # address → the last day
    denied: Mapping[str, str] = field(default_factory=dict)  # address or user name → why, a sentence
    admins: frozenset[str] = frozenset()  # addresses or user names
    admin_groups: frozenset[str] = frozenset()
    quota: Quota = field(default_factory=Quota)  # of people who have no own one


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why somebody may not come in: a code of the catalogue, and what its sentence needs."""

    code: str
    parameters: Mapping[str, object] = field(default_factory=dict)


def refused(claims: Claims, rules: AccessRules, *, now: datetime, dev: bool) -> Refusal | None:
    """Return why `claims` admit nobody, or None: they do. `dev`: people who only typed a name may come in."""
    if claims.issuer == DEV_ISSUER:
        return None if dev else Refusal(code="not-on-the-list", parameters={"email": claims.subject})
    address = names.canonical(claims.email or "")
    if not address or not claims.email_verified:
        return Refusal(code="email-unverified")
    if (reason := rules.denied.get(address)) is not None:
        return Refusal(code="barred", parameters={"reason": reason})
    if claims.hosted_domain is not None and claims.hosted_domain in rules.hosted_domains:
        return None
    if (until := rules.guests.get(address)) is not None:
        over = now.date() > until
        return Refusal(code="guest-expired", parameters={"until": until.isoformat()}) if over else None
    if rules.everybody:
        return None
    if rules.hosted_domains:
        return Refusal(code="wrong-domain", parameters={"domains": ", ".join(sorted(rules.hosted_domains))})
    return Refusal(code="not-on-the-list", parameters={"email": address})


def barred(name: str, reason: str | None, rules: AccessRules) -> Refusal | None:
    """Return the refusal of a person whom an admin shut out, for a reason, or whom the rules deny by name."""
    why = reason if reason is not None else rules.denied.get(name)
    return None if why is None else Refusal(code="barred", parameters={"reason": why})


def refused_now(person: Person, rules: AccessRules, *, now: datetime, dev: bool) -> Refusal | None:
    """Return why somebody who came in once may not any more, or None: a login would succeed."""
    claims = Claims(
        issuer=person.issuer,
        subject=person.subject,
        email=person.email,
        email_verified=True,  # nobody came in without that
        hosted_domain=person.hosted_domain,
        groups=person.groups,
    )
    return barred(person.name, person.barred, rules) or refused(claims, rules, now=now, dev=dev)


def user_name(claims: Claims, rules: AccessRules) -> str:
    """Return the name that admitted claims ask for.

    Raises:
        NameRefusedError: there is none; the message is a sentence for the person.
    """
    if claims.issuer == DEV_ISSUER:
        return names.user_name(names.shown_name(claims.subject))
    return names.of_address(names.canonical(claims.email or ""), home_domain=rules.home_domain)


def polished(claims: Claims) -> Claims:
    """Return claims as they are kept: addresses canonical, a name that can be read, a picture only from https."""
    email = names.canonical(claims.email) if claims.email else None
    told = claims.subject if claims.issuer == DEV_ISSUER else claims.shown_name or (email or "").partition("@")[0]
    picture = claims.picture if claims.picture and claims.picture.startswith("https://") else None
    return Claims(
        issuer=claims.issuer,
        subject=claims.subject,
        email=email,
        email_verified=claims.email_verified,
        hosted_domain=claims.hosted_domain,
        groups=claims.groups,
        shown_name=names.visible(told)[: names.MAX_SHOWN].strip() or email,
        picture=picture,
    )


def role(person: Person, rules: AccessRules) -> Role:
    """Return what a person is by the rules of now and the groups of the last login."""
    listed = person.name in rules.admins or (person.email is not None and person.email in rules.admins)
    return Role.ADMIN if listed or person.groups & rules.admin_groups else Role.USER
