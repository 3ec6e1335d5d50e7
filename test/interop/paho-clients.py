"""Runs Paho's clients for paho-client.ts: commands come in and events go out, one JSON a line.

Bytes travel in hexadecimal. A command has the client's key, "do", and the arguments of the function
of that name below. An event has the client's key, "event" and what is told of it.
"""

import json
import socket
import sys
import threading

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCodes
from paho.mqtt.subscribeoptions import SubscribeOptions

clients = {}
output = threading.Lock()


def main():
    for line in sys.stdin:
        command = json.loads(line)
        actions[command.pop("do")](**command)


def connect(
    client,
    host,
    port,
    version,
    clientId,
    cleanStart,
    keepAlive,
    properties,
    transport,
    caFile=None,
    will=None,
):
    five = version == MQTTv5
    paho = Client(
        clientId,
        clean_session=None if five else cleanStart,
        protocol=version,
        transport=transport,
        reconnect_on_failure=False,
    )
    if caFile is not None:
        paho.tls_set(caFile)
    listen(client, paho)
    if will is not None:
        paho.will_set(
            will["topic"],
            bytes.fromhex(will["payload"]),
            will["qos"],
            will["retain"],
            properties_of(PacketTypes.WILLMESSAGE, will["properties"]) if five else None,
        )
    clients[client] = paho
    if five:
        wanted = properties_of(PacketTypes.CONNECT, properties)
        paho.connect(host, port, keepAlive, clean_start=cleanStart, properties=wanted)
    else:
        paho.connect(host, port, keepAlive)
    paho.loop_start()


def subscribe(client, command, filter, qos, options, properties):
    paho = clients[client]
    if options is None:
        _, mid = paho.subscribe(filter, qos)
    else:
        wanted = properties_of(PacketTypes.SUBSCRIBE, properties)
        options = SubscribeOptions(qos, **options)
        _, mid = paho.subscribe(filter, options=options, properties=wanted)
    tell(client, "sent", command=command, mid=mid)


def unsubscribe(client, command, filter):
    _, mid = clients[client].unsubscribe(filter)
    tell(client, "sent", command=command, mid=mid)


def publish(client, command, topic, payload, qos, retain, properties):
    paho = clients[client]
    wanted = properties_of(PacketTypes.PUBLISH, properties) if properties else None
    sent = paho.publish(topic, bytes.fromhex(payload), qos, retain, wanted)
    tell(client, "sent", command=command, mid=sent.mid)


def disconnect(client):
    clients[client].disconnect()


def vanish(client):
    """The broker sees the connection close without a DISCONNECT, as when a process is killed."""
    sock = clients[client].socket()
    # Paho's WebSocket is around a socket.
    getattr(sock, "_socket", sock).shutdown(socket.SHUT_RDWR)


actions = {
    action.__name__: action
    for action in (connect, subscribe, unsubscribe, publish, disconnect, vanish)
}


def listen(client, paho):
    """Tells of all that happens to one client. Before 5.0 the callbacks get fewer arguments."""

    def on_connect(_paho, _userdata, flags, code, properties=None):
        tell(
            client,
            "connected",
            reasonCode=number(code),
            sessionPresent=flags["session present"] == 1,
            properties=plain(properties),
        )

    def on_disconnect(_paho, _userdata, code, _properties=None):
        said = code.value if isinstance(code, ReasonCodes) else None
        tell(client, "disconnected", reasonCode=said)

    def on_message(_paho, _userdata, message):
        tell(
            client,
            "message",
            topic=message.topic,
            payload=message.payload.hex(),
            qos=message.qos,
            retain=bool(message.retain),
            properties=plain(getattr(message, "properties", None)),
        )

    def on_subscribe(_paho, _userdata, mid, codes, _properties=None):
        tell(client, "acknowledged", mid=mid, reasonCode=number(codes[0]))

    def on_acknowledged(_paho, _userdata, mid, *_more):
        tell(client, "acknowledged", mid=mid)

    def on_log(_paho, _userdata, _level, text):
        if text == "Received PINGRESP":
            tell(client, "pingresp")

    paho.on_connect = on_connect
    paho.on_disconnect = on_disconnect
    paho.on_message = on_message
    paho.on_subscribe = on_subscribe
    paho.on_unsubscribe = on_acknowledged
    paho.on_publish = on_acknowledged
    paho.on_log = on_log


def properties_of(place, named):
    """Paho's properties from {"CorrelationData": "00ff"}."""
    properties = Properties(place)
    for name, value in (named or {}).items():
        if name == "CorrelationData":
            value = bytes.fromhex(value)
        if name == "UserProperty":
            value = [tuple(pair) for pair in value]
        setattr(properties, name, value)
    return properties


def plain(properties):
    return {} if properties is None else properties.json()


def number(code):
    return getattr(code, "value", code)


def tell(client, event, **details):
    line = json.dumps({"client": client, "event": event, **details})
    with output:
        print(line, flush=True)


main()
