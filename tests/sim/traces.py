#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What is made of a trace: the story of a failure, its picture, a table, a capture of packets."""

import csv
import json
import shutil
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

PROGRAM = sys.argv[1]
# Sends before it commits, and dies at a commit: somebody is told of what is on no disk.
FAILS = {"nodes": 2, "chaos": "20s", "node": {"crash": 0.1},
         "mutant": "send_before_commit"}


def sim(*args, text=None):
    return subprocess.run([PROGRAM, *args], check=False, capture_output=True, text=True, input=text)


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def failing(trace):
    """Records a world that fails: no seed does so for ever."""
    for seed in range(1, 200):
        ran = sim("run", "-", "--record", trace, text=json.dumps(FAILS | {"seed": seed}))
        if ran.returncode == 1 and ran.stderr.startswith("D1 "):
            return
    raise AssertionError("no seed fails")


def a_failure_is_told_and_drawn(folder):
    trace, picture = f"{folder}/trace", f"{folder}/picture.svg"
    failing(trace)
    told = sim("explain", trace, "--output", picture)
    violation, = (line for line in lines_of(trace) if line["type"] == "violation")
    assert told.returncode == 0 and violation["text"] in told.stdout, told
    story = told.stdout.splitlines()[3:]
    assert len(story) <= 41
    assert any("fault node.crash/" in line for line in story), told.stdout
    assert "delivered" in story[-1], told.stdout
    assert sim("explain", trace).stdout == told.stdout
    svg = ElementTree.parse(picture).getroot()
    classes = [group.get("class") for group in svg.iter() if group.get("class")]
    assert classes.count("h") == 2 and classes.count("v") == 1
    assert 0 < sum(classes.count(kind) for kind in "fol") <= 2000
    assert any(violation["text"] in (text.text or "") for text in svg.iter())


def what_held_needs_no_story(folder):
    trace = f"{folder}/held"
    assert sim("run", "-", "--record", trace, text='{"nodes": 2, "chaos": "10s"}').returncode == 0
    assert sim("explain", trace).returncode == 125
    assert sim("explain", "/nowhere").returncode == 125


def options_of(data):
    at = 0
    while at + 4 <= len(data):
        code, length = struct.unpack_from("<HH", data, at)
        if code == 0:
            return
        yield code, data[at + 4:at + 4 + length]
        at += 4 + (length + 3) // 4 * 4


def packets_of(path):
    """(ms, captured bytes, bytes on the wire, comment) of each, by the format's document."""
    with open(path, "rb") as file:
        data = file.read()
    at, kinds = 0, []
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        assert length % 4 == 0 and struct.unpack_from("<I", data, at + length - 4)[0] == length
        body = data[at + 8:at + length - 4]
        kinds.append(kind)
        if kind == 6:
            _, high, low, captured, on_wire = struct.unpack_from("<5I", body)
            comment = dict(options_of(body[20 + (captured + 3) // 4 * 4:]))[1].decode()
            yield high << 32 | low, body[20:20 + captured], on_wire, comment
        at += length
    assert kinds[:2] == [0x0a0d0d0a, 1]


def checksum_is_right(packet):
    data = packet[22:54] + struct.pack(">II", len(packet) - 54, 6) + packet[54:]
    total = sum(struct.unpack(f">{(len(data) + 1) // 2}H", data + bytes(len(data) % 2)))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return total == 0xffff


def frames_are_packets(folder):
    trace, capture = f"{folder}/frames", f"{folder}/frames.pcapng"
    assert sim("replay", "3", "--record", trace, "--bytes").returncode == 0
    sent = [line for line in lines_of(trace)
            if line.get("stage") == "sent" and line["type"] == "frame" and line["bytes"] > 0]
    assert sim("export", "--pcapng", trace, "--output", capture).returncode == 0
    packets = list(packets_of(capture))
    assert len(packets) == len(sent) > 100
    for frame, (ms, packet, on_wire, comment) in zip(sent, packets):
        assert ms == frame["t"] and on_wire == len(packet) == 74 + frame["bytes"]
        assert packet[74:].hex() == frame["data"] and checksum_is_right(packet)
        assert comment.startswith(f"{frame['kind']}, frame {frame['frame']} of node "
                                  f"{frame['from']} to node {frame['to']},"), comment
    if shutil.which("tcpdump"):
        read = subprocess.run(["tcpdump", "-nnr", capture], check=True, capture_output=True,
                              text=True)
        assert len(read.stdout.splitlines()) == len(sent)


def without_bytes_only_headers_are_captured(folder):
    trace, capture = f"{folder}/short", f"{folder}/short.pcapng"
    assert sim("run", "-", "--record", trace, text='{"nodes": 2, "chaos": "5s"}').returncode == 0
    assert sim("export", "--pcapng", trace, "--output", capture).returncode == 0
    assert all(len(packet) == 74 < on_wire for _, packet, on_wire, _ in packets_of(capture))


def a_table_has_a_row_for_each_line(folder):
    rows = list(csv.DictReader(sim("export", "--csv", f"{folder}/frames").stdout.splitlines()))
    lines = [line for line in lines_of(f"{folder}/frames")
             if line["type"] in ("mark", "msg", "frame", "fault")]
    assert [int(row["ms"]) for row in rows] == [line["t"] for line in lines]
    assert {row["kind"] for row in rows} >= {"mark", "text", "fault", "frame sent"}
    for args in (["export", f"{folder}/frames"], ["export", "--csv", "/nowhere"],
                 ["export", "--csv", "--pcapng", f"{folder}/frames"],
                 ["export", "--csv", f"{folder}/frames.pcapng"]):
        assert sim(*args).returncode == 125, args


def main():
    with tempfile.TemporaryDirectory() as folder:
        for case in (a_failure_is_told_and_drawn, what_held_needs_no_story, frames_are_packets,
                     without_bytes_only_headers_are_captured, a_table_has_a_row_for_each_line):
            case(folder)
            print(f"ok {case.__name__}")


if __name__ == "__main__":
    main()
