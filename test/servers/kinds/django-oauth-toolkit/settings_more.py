"""What a Django project adds to its generated settings, so that it is an OpenID provider for one browser app."""

import json
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent
PLACE = json.loads((FOLDER / "place.json").read_text())
KEYS = [path.read_text() for path in sorted(FOLDER.glob("key-*.pem"), reverse=True)]


def extend(settings):
    """Changes the names of the module that `django-admin startproject` has generated."""
    settings["DEBUG"] = False
    settings["ALLOWED_HOSTS"] = ["localhost"]
    settings["INSTALLED_APPS"] += ["oauth2_provider", "corsheaders"]
    settings["MIDDLEWARE"].insert(0, "corsheaders.middleware.CorsMiddleware")
    settings["TEMPLATES"][0]["DIRS"] = [FOLDER / "templates"]
    settings["CORS_ALLOWED_ORIGINS"] = [PLACE["origin"]]
    settings["LOGIN_URL"] = "/accounts/login/"
    settings["OAUTH2_PROVIDER"] = {
        "OIDC_ENABLED": True,
        "OIDC_RSA_PRIVATE_KEY": KEYS[0],
        "OIDC_RSA_PRIVATE_KEYS_INACTIVE": KEYS[1:],
        "OIDC_RP_INITIATED_LOGOUT_ENABLED": True,
        "OAUTH2_VALIDATOR_CLASS": "project.claims.Validator",
        "SCOPES": {
            "openid": "Sign in",
            "profile": "Your name",
            "email": "Your e-mail address",
            "read": "Reading scope",
        },
    }
