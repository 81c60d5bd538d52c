"""The client of the v10 Python SDK, pointed at a Tidings server. docs/clients.md shows the marked regions."""

# docs:begin client
from box_sdk_gen import BaseUrls, BoxClient, BoxDeveloperTokenAuth, NetworkSession


def client_for(base_url, token):
    """`base_url` is the server's own address, such as http://localhost:8080, without /2.0."""
    urls = BaseUrls(base_url=base_url, upload_url=base_url, oauth_2_url=f"{base_url}/oauth2")
    return BoxClient(auth=BoxDeveloperTokenAuth(token=token), network_session=NetworkSession(base_urls=urls))
# docs:end client


# docs:begin follow
from box_sdk_gen.managers.events import GetEventStreamQueryParams, GetEventStreamQueryParamsStreamTypeField


def follow(client, position="now", stream_type="all"):
    """Events as they happen, by long poll. An administrator may follow `admin_logs_streaming` in the same way."""
    return client.events.get_event_stream(
        query_params=GetEventStreamQueryParams(
            stream_type=GetEventStreamQueryParamsStreamTypeField(stream_type), stream_position=str(position)
        )
    )
# docs:end follow


# docs:begin application
from box_sdk_gen import BoxCCGAuth, BoxJWTAuth, CCGConfig, JWTConfig


def session_for(base_url):
    return NetworkSession(
        base_urls=BaseUrls(base_url=base_url, upload_url=base_url, oauth_2_url=f"{base_url}/oauth2")
    )


def application_client(base_url, client_id, client_secret, enterprise_id):
    """Signs in by client credentials, as the application's own service account."""
    config = CCGConfig(client_id=client_id, client_secret=client_secret, enterprise_id=enterprise_id)
    return BoxClient(auth=BoxCCGAuth(config=config), network_session=session_for(base_url))


def jwt_client(base_url, config_file):
    """Signs in with a key pair. `tidings app keys generate` prints the file."""
    config = JWTConfig.from_config_file(config_file_path=config_file)
    return BoxClient(auth=BoxJWTAuth(config=config), network_session=session_for(base_url))
# docs:end application
