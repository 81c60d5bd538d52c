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
