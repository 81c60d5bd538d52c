"""The client of the 3.x Python SDK, pointed at a Tidings server. docs/clients.md shows the marked regions."""

# docs:begin client
from boxsdk import Client
from boxsdk.auth.developer_token_auth import DeveloperTokenAuth
from boxsdk.config import API


def client_for(base_url, token):
    """`base_url` is the server's own address, such as http://localhost:8080. The SDK keeps its URLs for the process."""
    API.BASE_API_URL = f"{base_url}/2.0"
    API.OAUTH2_API_URL = f"{base_url}/oauth2"
    API.OAUTH2_AUTHORIZE_URL = f"{base_url}/oauth2/authorize"
    return Client(DeveloperTokenAuth(get_new_token_callback=lambda: token))
# docs:end client


# docs:begin follow
from boxsdk.object.events import UserEventsStreamType


def follow(client, position=None, stream_type=UserEventsStreamType.ALL):
    """Events as they happen, by long poll. Without a position it starts at the present."""
    return client.events().generate_events_with_long_polling(position, stream_type)
# docs:end follow


# docs:begin application
from boxsdk.auth.ccg_auth import CCGAuth
from boxsdk.auth.jwt_auth import JWTAuth


def at(base_url):
    """Points the SDK at a server, for the process."""
    API.BASE_API_URL = f"{base_url}/2.0"
    API.OAUTH2_API_URL = f"{base_url}/oauth2"


def application_client(base_url, client_id, client_secret, enterprise_id):
    """Signs in by client credentials, as the application's own service account."""
    at(base_url)
    return Client(CCGAuth(client_id=client_id, client_secret=client_secret, enterprise_id=enterprise_id))


def jwt_client(base_url, config_file):
    """Signs in with a key pair. `tidings app keys generate` prints the file."""
    at(base_url)
    return Client(JWTAuth.from_settings_file(config_file))
# docs:end application
