#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""earshotd as a process: how it starts and ends, what it leaves behind, and what it says to whom."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import tempfile

import segment
from nodes import Control, Failed, Node, befriend, child_of, pair, running, wait_until
from segment import Host, Segment, need

EARSHOTD = os.environ["EARSHOTD"]
CLIENTS_MAX = 64
NOBODY = 65534


def alone(name="Ada", conf="[discovery]\nmethod = off\n"):
    return Node(Host(Segment()), name, conf)


def earshotd(*args, **options):
    return subprocess.run([EARSHOTD, *args], capture_output=True, text=True, timeout=30, check=False,
                          **options)


def error_of(done):
    return json.loads(done.stderr.strip().splitlines()[-1])


def dial(node):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(20)
    client.connect(node.home + "/control.sock")
    return client


def request(method, number=1, **params):
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode()


# Starting


def wrong_arguments_are_explained():
    home = tempfile.mkdtemp()
    for args in ([], ["--home"], ["--home", home, "more"], ["--nonsense"],
                 ["--home", home, "--ready-fd", "2"], ["--home", home, "--passphrase-fd", "x"],
                 ["--config", "c", "--data", "d"]):
        done = earshotd(*args)
        assert done.returncode == 2, (args, done)
        assert "usage: earshotd" in done.stderr and not done.stdout, (args, done)
    os.rmdir(home)


def a_wrong_configuration_names_its_line():
    ada = alone()
    with open(ada.home + "/earshot.conf", "w", encoding="utf-8") as file:
        file.write("[node]\n\ncolour = red\n")
    done = earshotd("--home", ada.home)
    assert done.returncode == 1, done
    error = error_of(done)
    assert error["error"] == "config" and error["hint"], error
    assert ada.home + "/earshot.conf, line 3: " in error["message"], error
    code, error = ada.refused("up")
    assert code == 1 and error["error"] == "config" and "line 3" in error["message"], error


def there_is_one_node_to_a_home():
    ada = alone()
    ada.up()
    first = ada.pid()
    done = earshotd("--home", ada.home)
    assert done.returncode == 1 and error_of(done)["error"] == "running", done
    assert earshotd("--home", ada.home, "--init").returncode == 1
    assert ada.pid() == first
    # A data folder of its own is not enough when somebody answers at the socket.
    other = alone("Bob")
    done = earshotd("--config", other.home + "/earshot.conf", "--data", other.home, "--socket",
                    ada.home + "/control.sock")
    assert done.returncode == 1 and error_of(done)["error"] == "socket", done
    assert ada.pid() == first


def what_a_failed_start_leaves_is_in_nobodys_way():
    home = tempfile.mkdtemp()
    Node._homes.append(home)  # pylint: disable=protected-access
    assert error_of(earshotd("--home", home))["error"] == "no-identity"
    done = earshotd("--home", home, "--init", "--name", "#not a name")
    assert done.returncode == 1 and error_of(done)["error"] == "bad-name", done
    done = earshotd("--home", home, "--init", "--name", "Ada")
    assert done.returncode == 0 and json.loads(done.stdout)["name"] == "Ada", done
    done = earshotd("--home", home, "--init", "--name", "Eve")
    assert done.returncode == 1 and error_of(done)["error"] == "exists", done


def a_socket_that_is_left_over_is_replaced():
    ada = alone()
    ada.up()
    ada.kill()
    assert stat.S_ISSOCK(os.stat(ada.home + "/control.sock").st_mode)
    ada.up()
    ada.down()
    assert not os.path.exists(ada.home + "/control.sock")
    with open(ada.home + "/control.sock", "w", encoding="utf-8") as file:
        file.write("somebody's own")
    assert error_of(earshotd("--home", ada.home))["error"] == "socket"
    with open(ada.home + "/control.sock", encoding="utf-8") as file:
        assert file.read() == "somebody's own"


def a_home_may_have_a_long_path():
    ada = alone()
    long_home = ada.home + "/" + "x" * 100 + "/" + "y" * 100
    os.makedirs(os.path.dirname(long_home), 0o700)
    for name in os.listdir(ada.home):
        if name != "x" * 100:
            os.makedirs(long_home, exist_ok=True)
            os.rename(f"{ada.home}/{name}", f"{long_home}/{name}")
    before, ada.home = ada.home, long_home
    ada.run("up")
    assert ada.json("id")[0]["address"] == ada.address
    ada.down()
    ada.home = before


# What others see of it


def nobody_else_can_read_its_files():
    ada = alone()
    ada.up()
    assert stat.S_IMODE(os.stat(ada.home).st_mode) == 0o700
    for name in os.listdir(ada.home):
        if name != "earshot.conf":  # the person's own
            mode = stat.S_IMODE(os.stat(f"{ada.home}/{name}").st_mode)
            assert mode == 0o600, (name, oct(mode))
    home = tempfile.mkdtemp()
    os.rmdir(home)
    Node._homes.append(home)  # pylint: disable=protected-access
    assert earshotd("--home", home, "--init", umask=0).returncode == 0
    assert stat.S_IMODE(os.stat(home).st_mode) == 0o700


def no_memory_reaches_a_core_file():
    ada = alone()
    ada.up()
    for pid in (ada.pid(), ada.net_pid()):
        with open(f"/proc/{pid}/limits", encoding="ascii") as file:
            limits = file.read()
        assert re.search(r"Max core file size +0 +0 ", limits), limits


def other_programs_of_its_user_cannot_look_into_it():
    home = tempfile.mkdtemp()
    Node._homes.append(home)  # pylint: disable=protected-access
    try:
        os.chown(home, NOBODY, NOBODY)
        made = earshotd("--home", home, "--init", user=NOBODY, group=NOBODY, extra_groups=[])
    except OSError as reason:
        raise segment.Skip(f"no other user here: {reason}") from reason
    assert made.returncode == 0, made
    with subprocess.Popen([EARSHOTD, "--home", home], user=NOBODY, group=NOBODY, extra_groups=[],
                          stderr=subprocess.DEVNULL) as node:
        wait_until(lambda: child_of(node.pid) is not None, "a network process")
        for pid in (node.pid, child_of(node.pid)):
            # What one may look into belongs to its user, everything else to root.
            wait_until(lambda pid=pid: os.stat(f"/proc/{pid}/mem").st_uid == 0, "a closed process")
        node.terminate()
        assert node.wait(10) == 0


def memory_and_descriptors_of_the_network_process_are_limited():
    ada = alone()
    ada.up()
    wanted = [r"Max open files +4096 +4096 "]
    with open(os.environ["EARSHOT_NET"], "rb") as program:
        sanitized = re.search(rb"__[atm]san_init", program.read())
    if not sanitized:  # sanitizers map more memory than any limit that means something
        wanted.append(rf"Max data size +{256 << 20} +{256 << 20} ")

    def limited():
        with open(f"/proc/{ada.net_pid()}/limits", encoding="ascii") as file:
            limits = file.read()
        return all(re.search(limit, limits) for limit in wanted)

    # It limits itself as soon as it runs, which may be after its parent answers the first call.
    wait_until(limited, "a limited network process")


def no_secret_is_among_its_arguments():
    ada = Node(Host(Segment()), "Ada", passphrase="open sesame")
    ada.up()
    for pid in (ada.pid(), ada.net_pid()):
        for place in ("cmdline", "environ"):
            with open(f"/proc/{pid}/{place}", "rb") as file:
                assert b"sesame" not in file.read(), (pid, place)


def the_network_process_inherits_nothing():
    ada = alone()
    os.environ["CANARY"] = "in the environment"
    try:
        with open("/dev/null", "rb") as left_open:
            os.set_inheritable(left_open.fileno(), True)
            ada.up()
    finally:
        del os.environ["CANARY"]
    with open(f"/proc/{ada.net_pid()}/environ", "rb") as file:
        assert file.read() == b""
    with open(f"/proc/{ada.net_pid()}/cmdline", "rb") as file:
        assert file.read() == b"earshot-net\0"
    opened = {fd: os.readlink(f"/proc/{ada.net_pid()}/fd/{fd}")
              for fd in os.listdir(f"/proc/{ada.net_pid()}/fd")}
    assert opened["0"] == opened["1"] == "/dev/null", opened
    assert opened["3"].startswith("socket:"), opened
    files = [path for fd, path in opened.items() if int(fd) > 2 and path.startswith("/")]
    assert not files, opened
    for path in opened.values():
        assert "earshot.db" not in path and "earshot.key" not in path, opened


def its_log_tells_nothing_about_people():
    ada, bob, at_ada, _ = pair()
    bob.run("send", "Ada", "canary in the text", "--wait", "delivered", "--timeout", "10s")
    at_ada.wait("message")
    link = ada.json("invite")[0]["link"]
    number = ada.json("verify", "Bob")[0]["safety_number"]
    os.kill(ada.net_pid(), signal.SIGKILL)
    wait_until(lambda: ada.net_pid() is not None, "another network process")
    ada.down()
    bob.down()
    for node in (ada, bob):
        with open(node.home + "/earshotd.log", encoding="utf-8") as file:
            log = file.read()
        assert "started" in log and "stopped" in log, log
        for secret in ("canary", "Ada", "Bob", "10.77.", link[8:40], number[:11],
                       ada.address[8:24], bob.address[8:24]):
            assert secret not in log, (secret, log)


# Ending


def both_processes(node):
    return node.pid(), node.net_pid()


def sigterm_ends_everything():
    for number in (signal.SIGTERM, signal.SIGINT):
        ada = alone()
        ada.up()
        pids = both_processes(ada)
        os.kill(pids[0], number)
        wait_until(lambda: not any(map(running, pids)), "both to end", limit=5)
        assert not os.path.exists(ada.home + "/control.sock")
        with open(ada.home + "/earshotd.log", encoding="utf-8") as file:
            assert file.read().rstrip().endswith("stopped")


def a_terminal_that_goes_does_not_end_it():
    ada = alone()
    ada.up()
    os.kill(ada.pid(), signal.SIGHUP)
    os.kill(ada.net_pid(), signal.SIGHUP)
    control = Control(ada)
    assert control.call("id")["address"] == ada.address
    assert ada.count("network_process_deaths") == 0


def sigkill_leaves_no_orphan():
    ada = alone()
    ada.up()
    pids = both_processes(ada)
    os.kill(pids[0], signal.SIGKILL)
    wait_until(lambda: not any(map(running, pids)), "both to end", limit=5)
    ada.up()
    assert ada.json("id")[0]["address"] == ada.address


def it_ends_while_its_network_is_dead():
    ada = alone()
    ada.up()
    pid = ada.pid()
    for _ in range(4):  # by now it waits before it tries again
        wait_until(lambda: child_of(pid) is not None, "a network process")
        os.kill(child_of(pid), signal.SIGKILL)
        wait_until(lambda: child_of(pid) is None, "its death", pause=0.001)
    ada.down()
    wait_until(lambda: not running(pid), "the node to end", limit=5)


def a_network_process_that_dies_again_and_again_is_given_time():
    ada = alone()
    ada.up()
    pid = ada.pid()
    for _ in range(5):
        wait_until(lambda: child_of(pid) is not None, "a network process")
        os.kill(child_of(pid), signal.SIGKILL)
        wait_until(lambda: child_of(pid) is None, "its death", pause=0.001)
    with open(ada.home + "/earshotd.log", encoding="utf-8") as file:
        waits = [int(ms) for ms in re.findall(r"started again in (\d+) ms", file.read())]
    assert waits == [100, 200, 400, 800, 1600], waits
    assert ada.count("network_process_deaths") == 5
    wait_until(lambda: child_of(pid) is not None, "a network process")


def fill(folder):
    """A file that takes all but 256 KiB of the disk."""
    with open(folder + "/ballast", "wb") as ballast:
        free = os.statvfs(folder)
        ballast.write(b"x" * (free.f_bavail * free.f_bsize - (256 << 10)))


def is_full(control):
    try:
        control.call("send", conversation="Bob", text="x" * 16000)
    except Failed as failed:
        return failed.err["data"]["code"] == "disk-full"
    return False


def after_a_failed_commit_the_network_begins_anew():
    home = Node.folder()
    segment.run("mount", "-t", "tmpfs", "-o", "size=8m", "none", home)
    lan = Segment()
    ada = Node(Host(lan), "Ada", "[node]\nlisten = tcp://*:43000\n", home=home)
    bob = Node(Host(lan), "Bob")
    at_ada, at_bob = ada.up(), bob.up()
    befriend(ada, bob)
    at_ada.wait("present", name="Bob")
    at_bob.wait("present", name="Ada")
    control, before = Control(ada), ada.net_pid()
    fill(home)
    wait_until(lambda: is_full(control), "a full disk", pause=0)
    # The core is another one: it has no link, and the process of the old one is gone.
    status = control.call("status")
    assert status["links"] == 0 and not status["endpoints"], status
    assert not control.call("mesh")["rows"] and not running(before)
    rows = {row["check"]: row["state"] for row in control.call("doctor")["rows"]}
    assert rows["database"] == "fail", rows
    os.remove(home + "/ballast")
    at_ada.wait("present", name="Bob", count=2, limit=60)
    assert ada.net_pid() not in (None, before)
    links = [row["contact"] for row in control.call("mesh")["rows"]]
    assert links.count("Bob") == 1, links
    wait_until(lambda: control.call("status")["endpoints"], "the lasting endpoint")
    ada.run("send", "Bob", "there is room", "--wait", "delivered", "--timeout", "30s")
    assert bob.texts("Ada")[-1] == "there is room"
    ada.down()
    segment.run("umount", home)


# Clients


def a_half_closed_client_is_answered():
    ada = alone()
    ada.up()
    client = dial(ada)
    client.sendall(request("name", name="Eve") + b"\n" + request("id", 2) + b"\n")
    client.shutdown(socket.SHUT_WR)
    with client.makefile("r", encoding="utf-8") as lines:
        answers = {answer["id"]: answer for answer in map(json.loads, lines)}
    assert answers[1]["result"]["name"] == "Eve" and 2 in answers, answers


def the_65th_client_is_refused():
    ada = alone()
    ada.up()
    clients = []
    while True:
        client = dial(ada)
        client.sendall(request("id") + b"\n")
        answer = json.loads(client.makefile("r", encoding="utf-8").readline())
        if "error" in answer:
            break
        clients.append(client)
    # One place belongs to the listener that came with the node.
    assert len(clients) == CLIENTS_MAX - 1, len(clients)
    assert answer["error"]["data"]["code"] == "busy", answer
    clients.pop().close()
    wait_until(lambda: "result" in json.loads(answer_to(ada, "id")), "a free place")


def answer_to(node, method):
    client = dial(node)
    client.sendall(request(method) + b"\n")
    line = client.makefile("r", encoding="utf-8").readline()
    client.close()
    return line


def a_client_that_does_not_read_disturbs_nobody():
    ada = alone()
    ada.up()
    slow = dial(ada)
    slow.setblocking(False)
    asked = 0
    try:
        while asked < 200000:
            slow.send(request("stats", asked) + b"\n")
            asked += 1
    except BlockingIOError:
        pass  # the node reads no more of it: this is the point
    assert asked < 200000
    control = Control(ada)
    for number in range(100):
        assert control.call("name", name=f"Ada {number}")["name"] == f"Ada {number}"
    with open(f"/proc/{ada.pid()}/status", encoding="ascii") as file:
        resident = int(re.search(r"VmRSS:\s+(\d+) kB", file.read()).group(1))
    assert resident < 64 * 1024, resident
    slow.close()
    assert control.call("id")["name"] == "Ada 99"


def a_listener_that_does_not_read_is_told_what_it_missed():
    ada = alone()
    ada.up()
    slow, busy = dial(ada), dial(ada)
    slow.sendall(request("listen") + b"\n")
    answers = busy.makefile("r", encoding="utf-8")
    for _ in range(20000 // 50):  # each of them is an event
        busy.sendall(50 * (request("visible", for_ms=3600000) + b"\n"))
        assert all("result" in json.loads(answers.readline()) for _ in range(50))
    lines = slow.makefile("r", encoding="utf-8")
    assert "result" in json.loads(lines.readline())
    seen, missed = [], 0
    while not seen or seen[-1] < 20000:
        event = json.loads(lines.readline())["params"]
        if event["event"] == "lagged":
            missed += event["missed"]
        else:
            seen.append(event["seq"])
    assert missed > 0 and len(seen) + missed == 20000, (len(seen), missed)
    assert seen == sorted(set(seen))


def a_line_without_end_is_cut_off():
    ada = alone()
    ada.up()
    endless, control = dial(ada), Control(ada)
    try:
        for _ in range(100):
            endless.sendall(b"x" * (64 << 10))
    except OSError:
        pass  # closed: this is the point
    else:
        raise AssertionError("6 MiB without a newline were taken")
    assert control.call("id")["address"] == ada.address


def a_thousand_connections_disturb_nobody():
    ada = alone()
    ada.up()
    control = Control(ada)
    refused = 0
    clients = []
    for _ in range(1000):
        client = dial(ada)
        clients.append(client)
        if len(clients) >= CLIENTS_MAX:
            answer = json.loads(client.makefile("r", encoding="utf-8").readline())
            refused += answer["error"]["data"]["code"] == "busy"
            assert control.call("id")["address"] == ada.address
    assert refused >= 1000 - CLIENTS_MAX, refused
    for client in clients:
        client.close()
    wait_until(lambda: "result" in json.loads(answer_to(ada, "id")), "a free place")
    assert len(os.listdir(f"/proc/{ada.pid()}/fd")) < 64


# What doctor sees of a network


def doctor_state(node, check):
    return {row["check"]: row["state"] for row in Control(node).call("doctor")["rows"]}.get(check)


def seen_by(node):
    return Control(node).call("status")["discovery"]["seen"]


def status_says_that_discovery_starts():
    ada = alone(conf="")
    methods = []
    ada.up()
    control = Control(ada)
    wait_until(lambda: methods.append(control.call("status")["discovery"]["method"]) or
               methods[-1] != "starting", "discovery to start", pause=0)
    assert methods[-1] in ("embedded", "avahi-daemon") and "off" not in methods, methods


def an_advert_that_nobody_hears():
    need("nft")
    ada = alone(conf="")
    ada.host.run("nft", "add table inet f; add chain inet f in { type filter hook input priority 0; "
                 "}; add rule inet f in udp dport 5353 drop")
    ada.up()
    wait_until(lambda: doctor_state(ada, "advert") == "fail", "the finding", limit=30)
    ada.host.run("nft", "delete table inet f")
    ada.down()
    ada.up()
    wait_until(lambda: doctor_state(ada, "advert") == "ok", "its end", limit=60)


def adverts_without_links():
    need("nft")
    lan = Segment()
    ada, bob = Node(Host(lan), "Ada"), Node(Host(lan), "Bob")
    for chain in ("input", "output"):
        ada.host.run("nft", f"add table inet f; add chain inet f {chain} {{ type filter hook {chain} "
                     f"priority 0; }}; add rule inet f {chain} meta l4proto tcp drop")
    ada.up()
    bob.up()
    wait_until(lambda: seen_by(ada) > 0, "Bob's advert")
    wait_until(lambda: doctor_state(ada, "links") == "fail", "the finding", limit=30)
    ada.host.run("nft", "delete table inet f")
    wait_until(lambda: doctor_state(ada, "links") == "ok", "its end", limit=60)


if __name__ == "__main__":
    segment.enter()
    try:
        segment.run_cases([
            wrong_arguments_are_explained, a_wrong_configuration_names_its_line,
            there_is_one_node_to_a_home, what_a_failed_start_leaves_is_in_nobodys_way,
            a_socket_that_is_left_over_is_replaced, a_home_may_have_a_long_path,
            nobody_else_can_read_its_files, no_memory_reaches_a_core_file,
            other_programs_of_its_user_cannot_look_into_it,
            memory_and_descriptors_of_the_network_process_are_limited,
            no_secret_is_among_its_arguments, the_network_process_inherits_nothing, its_log_tells_nothing_about_people,
            sigterm_ends_everything, a_terminal_that_goes_does_not_end_it, sigkill_leaves_no_orphan, it_ends_while_its_network_is_dead,
            a_network_process_that_dies_again_and_again_is_given_time,
            after_a_failed_commit_the_network_begins_anew, a_half_closed_client_is_answered, the_65th_client_is_refused,
            a_client_that_does_not_read_disturbs_nobody,
            a_listener_that_does_not_read_is_told_what_it_missed, a_line_without_end_is_cut_off,
            a_thousand_connections_disturb_nobody, status_says_that_discovery_starts,
            an_advert_that_nobody_hears, adverts_without_links])
    finally:
        Node.forget_homes()
