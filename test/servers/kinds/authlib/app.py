"""An OpenID provider of one file, with Authlib and Flask. Its settings are in the file `settings.json` of the working folder."""

import json
import os
import time

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector
from authlib.integrations.sqla_oauth2 import (
    OAuth2AuthorizationCodeMixin,
    OAuth2ClientMixin,
    OAuth2TokenMixin,
    create_bearer_token_validator,
    create_query_client_func,
    create_revocation_endpoint,
    create_save_token_func,
)
from authlib.oauth2.rfc6749 import OAuth2Error, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc8628 import (
    DeviceAuthorizationEndpoint,
    DeviceCodeGrant,
    DeviceCredentialDict,
)
from authlib.oidc.core import UserInfo, UserInfoEndpoint
from authlib.oidc.core.grants import OpenIDCode, OpenIDToken
from authlib.oidc.rpinitiated import EndSessionEndpoint
from flask import Flask, jsonify, redirect, render_template_string, request, session, url_for
from joserfc.jwk import KeySet, RSAKey
from sqlalchemy import Column, Integer, String, Text, create_engine, select
from sqlalchemy.orm import DeclarativeBase, scoped_session, sessionmaker

with open("settings.json") as file:
    settings = json.load(file)
ISSUER = settings["issuer"]
USERS = {user["login"]: user for user in settings["users"]}

engine = create_engine("sqlite:///data.sqlite")
db = scoped_session(sessionmaker(engine))


class Base(DeclarativeBase):
    pass


class Client(Base, OAuth2ClientMixin):
    __tablename__ = "clients"
    id = Column(Integer, primary_key=True)


class Code(Base, OAuth2AuthorizationCodeMixin):
    __tablename__ = "codes"
    id = Column(Integer, primary_key=True)
    user_id = Column(String(40))


class Token(Base, OAuth2TokenMixin):
    __tablename__ = "tokens"
    id = Column(Integer, primary_key=True)
    user_id = Column(String(40))

    def get_user(self):
        return User(self.user_id)

    def get_client(self):
        return server.query_client(self.client_id)


class Device(Base):
    __tablename__ = "devices"
    device_code = Column(String(60), primary_key=True)
    user_code = Column(String(20))
    data = Column(Text)
    user_id = Column(String(40))
    approved = Column(Integer)


class User:
    def __init__(self, login):
        self.login = login

    def get_user_id(self):
        return self.login


def user_info(user, scope):
    known = USERS[user.login]
    info = UserInfo(sub=user.login, name=known["name"], email=known["email"])
    return info.filter(scope)


def read_keys():
    """Reads the keys. The first key signs. With `newKey`, and without a file, the first key is a new one."""
    keys = []
    if os.path.exists("keys.json"):
        with open("keys.json") as file:
            keys = json.load(file)["keys"]
    if not keys or settings["newKey"]:
        key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
        keys.insert(0, key.as_dict(private=True))
        with open("keys.json", "w") as file:
            json.dump({"keys": keys}, file)
    return KeySet([RSAKey.import_key(key) for key in keys])


KEYS = read_keys()


class IdToken:
    def resolve_client_private_key(self, client):
        return KeySet([KEYS.keys[0]])

    def get_client_claims(self, client):
        return {"iss": ISSUER, "aud": [client.get_client_id()]}

    def generate_user_info(self, user, scope):
        return user_info(user, scope)


class CodeIdToken(IdToken, OpenIDCode):
    def exists_nonce(self, nonce, request):
        return db.scalar(select(Code).where(Code.nonce == nonce)) is not None


class DeviceIdToken(IdToken, OpenIDToken):
    pass


class AuthorizationCodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["none"]

    def save_authorization_code(self, code, request):
        data = request.payload.data
        db.add(
            Code(
                code=code,
                client_id=request.client.client_id,
                redirect_uri=request.payload.redirect_uri,
                scope=request.payload.scope,
                nonce=data.get("nonce"),
                user_id=request.user.login,
                code_challenge=data.get("code_challenge"),
                code_challenge_method=data.get("code_challenge_method"),
            )
        )
        db.commit()

    def query_authorization_code(self, code, client):
        query = select(Code).where(Code.code == code, Code.client_id == client.client_id)
        found = db.scalar(query)
        return found if found and not found.is_expired() else None

    def delete_authorization_code(self, authorization_code):
        db.delete(authorization_code)
        db.commit()

    def authenticate_user(self, authorization_code):
        return User(authorization_code.user_id)


class RefreshTokenGrant(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["none"]
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token):
        found = db.scalar(select(Token).where(Token.refresh_token == refresh_token))
        return found if found and not found.is_revoked() else None

    def authenticate_user(self, refresh_token):
        return User(refresh_token.user_id)

    def revoke_old_credential(self, refresh_token):
        refresh_token.access_token_revoked_at = refresh_token.refresh_token_revoked_at = int(time.time())
        db.commit()


class DeviceGrant(DeviceCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["none"]

    def query_device_credential(self, device_code):
        device = db.get(Device, device_code)
        return device and DeviceCredentialDict(json.loads(device.data))

    def query_user_grant(self, user_code):
        device = db.scalar(select(Device).where(Device.user_code == user_code))
        return (User(device.user_id), bool(device.approved)) if device and device.user_id else None

    def should_slow_down(self, credential):
        return False


class DeviceEndpoint(DeviceAuthorizationEndpoint):
    def get_verification_uri(self):
        return f"{ISSUER}/device"

    def save_device_credential(self, client_id, scope, data):
        expires_at = int(time.time()) + data["expires_in"]
        credential = {**data, "client_id": client_id, "scope": scope, "expires_at": expires_at}
        codes = {"device_code": data["device_code"], "user_code": data["user_code"]}
        db.add(Device(**codes, data=json.dumps(credential)))
        db.commit()


class UserInfoOfToken(UserInfoEndpoint):
    def generate_user_info(self, user, scope):
        return user_info(user, scope)


class EndSession(EndSessionEndpoint):
    def get_server_jwks(self):
        return KEYS

    def end_session(self, end_session_request):
        session.clear()


app = Flask(__name__)
app.secret_key = settings["secret"]
app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
server = AuthorizationServer(app, create_query_client_func(db, Client), create_save_token_func(db, Token))
server.register_grant(AuthorizationCodeGrant, [CodeChallenge(required=True), CodeIdToken()])
server.register_grant(RefreshTokenGrant)
server.register_grant(DeviceGrant, [DeviceIdToken()])
server.register_endpoint(DeviceEndpoint)
server.register_endpoint(EndSession)
Revocation = create_revocation_endpoint(db, Token)
Revocation.CLIENT_AUTH_METHODS = ["none"]
server.register_endpoint(Revocation)
protector = ResourceProtector()
protector.register_token_validator(create_bearer_token_validator(db, Token)())
server.register_endpoint(UserInfoOfToken(resource_protector=protector))

PAGE = """<!doctype html><title>Authlib</title>
{% if user %}<p>Signed in as {{ user }}</p>{% endif %}
<form method="post">
{% if ask == "login" %}
<input name="username"><input name="password" type="password"><button type="submit">Sign in</button>
{% elif ask == "code" %}
<input name="user_code"><button type="submit">Go on</button>
{% elif ask %}
<button name="answer" value="yes">Agree</button><button name="answer" value="no">Deny</button>
{% else %}<p>Done.</p>{% endif %}
</form>"""


def page(ask=None):
    return render_template_string(PAGE, ask=ask, user=session.get("user"))


def current_user():
    return User(session["user"]) if session.get("user") in USERS else None


def sign_in():
    """Takes the login form, and returns to the page that showed the form."""
    user = USERS.get(request.form["username"])
    if not user or user["password"] != request.form.get("password"):
        return page("login")
    session["user"] = user["login"]
    return redirect(request.url)


@app.route("/oauth/authorize", methods=["GET", "POST"])
def authorize():
    if "username" in request.form:
        return sign_in()
    try:
        grant = server.get_consent_grant(end_user=current_user())
    except OAuth2Error as error:
        return server.handle_error_response(request, error)
    if not current_user():
        return page("login")
    if request.args.get("prompt") != "none" and request.method == "GET":
        return page("consent")
    granted = request.method == "GET" or request.form["answer"] == "yes"
    return server.create_authorization_response(grant=grant, grant_user=current_user() if granted else None)


@app.route("/device", methods=["GET", "POST"])
def device():
    if "username" in request.form:
        return sign_in()
    if not current_user():
        return page("login")
    code = request.values.get("user_code")
    found = db.scalar(select(Device).where(Device.user_code == code))
    if not found:
        return page("code")
    if request.method == "GET" or "answer" not in request.form:
        return page("device") if "user_code" in request.args else redirect(url_for("device", user_code=code))
    found.user_id = session["user"]
    found.approved = int(request.form["answer"] == "yes")
    db.commit()
    return page()


@app.route("/oauth/logout", methods=["GET", "POST"])
def logout():
    try:
        validated = server.validate_endpoint_request("end_session")
    except OAuth2Error as error:
        return server.handle_error_response(None, error)
    if validated.needs_confirmation and request.method == "GET":
        return page("logout")
    return server.create_endpoint_response("end_session", validated) or page()


@app.post("/oauth/token")
def token():
    return server.create_token_response()


@app.post("/oauth/revoke")
def revoke():
    return server.create_endpoint_response("revocation")


@app.post("/oauth/device")
def device_authorization():
    return server.create_endpoint_response("device_authorization")


@app.route("/oauth/userinfo", methods=["GET", "POST"])
def userinfo():
    return server.create_endpoint_response("userinfo")


@app.get("/oauth/keys")
def keys():
    return jsonify(KEYS.as_dict(private=False))


@app.get("/.well-known/openid-configuration")
def metadata():
    return jsonify(
        issuer=ISSUER,
        authorization_endpoint=f"{ISSUER}/oauth/authorize",
        token_endpoint=f"{ISSUER}/oauth/token",
        revocation_endpoint=f"{ISSUER}/oauth/revoke",
        device_authorization_endpoint=f"{ISSUER}/oauth/device",
        userinfo_endpoint=f"{ISSUER}/oauth/userinfo",
        end_session_endpoint=f"{ISSUER}/oauth/logout",
        jwks_uri=f"{ISSUER}/oauth/keys",
        response_types_supported=["code"],
        subject_types_supported=["public"],
        id_token_signing_alg_values_supported=["RS256"],
        code_challenge_methods_supported=["S256"],
        token_endpoint_auth_methods_supported=["none"],
    )


@app.after_request
def allow_origin(response):
    if request.headers.get("Origin") == settings["origin"]:
        response.headers["Access-Control-Allow-Origin"] = settings["origin"]
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
    return response


@app.teardown_appcontext
def close(_error):
    db.remove()


Base.metadata.create_all(engine)
if not db.scalar(select(Client)):
    client = Client(client_id="web")
    client.set_client_metadata(settings["client"])
    db.add(client)
    db.commit()
db.remove()
app.run(host="127.0.0.1", port=settings["port"], threaded=True)
