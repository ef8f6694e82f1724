#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""How the client sets up, starts and stops a node: earshotd played by a program that tells what it
was given."""

import json
import os
import pathlib
import socket
import tempfile
import time

import fake_node
from fake_node import ADDRESS, Started, Terminal, case, refuse, run, run_json

DAEMON = str(pathlib.Path(__file__).resolve().parent / "fake_earshotd.py")
LOCKED = '{"exists":true,"at_rest":"passphrase"}'
NONE = '{"exists":false,"at_rest":"keyfile"}'


def env(**more):
    return {"EARSHOTD": DAEMON, **more}


class Home:
    """A home whose node, if one was started, is stopped with it."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = self.folder.name
        fake_node.leave(self)

    def __fspath__(self):
        return self.path

    def read(self, name):
        with open(os.path.join(self.path, name), encoding="utf-8") as file:
            return json.load(file)

    def has(self, name):
        return os.path.exists(os.path.join(self.path, name))

    def starts(self):
        with open(os.path.join(self.path, "starts"), encoding="ascii") as file:
            return len(file.read())

    def forget(self):
        run(self.path, "down")
        self.folder.cleanup()


# --- in the background ---------------------------------------------------------------------------


@case
def a_command_starts_the_node_it_needs():
    home = Home()
    assert run(home.path, "id", env=env(), check=0) == (0, ADDRESS + "\n", "")
    assert run(home.path, "id", env=env(), check=0).out == ADDRESS + "\n"
    assert home.starts() == 1
    spawned = home.read("spawned.json")
    assert spawned["args"] == ["--home", home.path, "--ready-fd", "3"], spawned
    assert spawned["session"] and spawned["cwd"] == "/" and spawned["passphrase"] is None


@case
def nothing_of_the_caller_stays_open():
    home = Home()
    held = [os.open("/dev/null", os.O_RDONLY) for _ in range(30)]
    pair = socket.socketpair()
    for fd in (*held, pair[0].fileno(), pair[1].fileno()):
        os.set_inheritable(fd, True)
    done = fake_node.subprocess.run(
        fake_node.command(home.path, "id"), close_fds=False, capture_output=True, check=True,
        timeout=fake_node.SECONDS_MAX, env=fake_node.environment(**env()))
    assert done.stdout.decode() == ADDRESS + "\n"  # and the pipes are closed, else this hangs
    fds = {int(fd): target for fd, target in home.read("spawned.json")["fds"].items()}
    assert set(fds) <= {0, 1, 2, 3, 4, 5, 6}, fds
    assert fds[0] == fds[1] == "/dev/null", fds
    assert fds[2] == os.path.join(home.path, "earshotd.log"), fds
    assert fds[3].startswith("pipe:") and all(
        target.startswith("/proc/") or target.endswith(".py") or "fake" in target or
        "starts" in target for fd, target in fds.items() if fd > 3), fds
    for fd in held:
        os.close(fd)


@case
def of_two_clients_one_starts_it():
    home = Home()
    clients = [Started(home.path, "id", env=env(FAKE_SLOW="0.5")) for _ in range(6)]
    for client in clients:
        assert client.finish() == (0, ADDRESS + "\n", "")
    assert home.starts() == 1


@case
def no_start_means_no_start():
    home = Home()
    refuse(home.path, "--no-start", "id", code=4, error="not-running", env=env())
    for name in ("status", "doctor"):
        run(home.path, name, env=env())
    run(home.path, "down", env=env(), check=0)
    assert os.listdir(home.path) == []


@case
def without_an_identity_there_is_nothing_to_start():
    home = Home()
    for words in (["id"], ["up"], ["send", "Ada", "-"]):
        refuse(home.path, *words, code=1, error="no-identity", env=env(FAKE_STATE=NONE))
    assert os.listdir(home.path) == []


@case
def why_it_did_not_start_is_told():
    home = Home()
    error = {"error": "damaged", "message": "the database is damaged", "hint": "restore it"}
    assert refuse(home.path, "id", code=1, error="damaged",
                  env=env(FAKE_FAIL=json.dumps(error))) == error
    assert "a line of the log" in (pathlib.Path(home.path) / "earshotd.log").read_text("utf-8")
    told = refuse(home.path, "id", code=1, error="daemon", env=env(FAKE_FAIL="it \x1b[5mbroke"))
    assert told["message"] == "earshotd ended: it \\x1b[5mbroke", told
    assert told["hint"].endswith("earshotd.log")
    told = refuse(home.path, "id", code=1, error="daemon", env=env(FAKE_SILENT="1"))
    assert "without a word" in told["message"]
    refuse(home.path, "id", code=1, error="no-daemon", env=env(EARSHOTD="/nowhere/earshotd"))


@case
def starting_has_the_time_that_is_given():
    home = Home()
    refuse(home.path, "--timeout", "300ms", "id", code=3, error="timeout", env=env(FAKE_SLOW="1.5"))
    assert run(home.path, "id", env=env(FAKE_SLOW="1.5"), check=0).out == ADDRESS + "\n"


# --- up, down, status ----------------------------------------------------------------------------


@case
def up_and_down():
    home = Home()
    assert run(home.path, "up", env=env(), check=0) == (0, "", "")
    assert run_json(home.path, "up", env=env()) == [{"address": ADDRESS, "name": "Ada"}]
    pid = run_json(home.path, "status")[0]["pid"]
    assert home.starts() == 1
    run(home.path, "down", check=0)
    assert not os.path.exists(f"/proc/{pid}") or state_of(pid) == "Z", "down returned too early"
    assert run(home.path, "status", check=4).out == "not running\n"
    run(home.path, "down", check=0)


def state_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rsplit(")", 1)[1].split()[0]


@case
def up_in_the_foreground_becomes_the_node():
    home = Home()
    started = Started(home.path, "up", "--foreground", env=env())
    fake_node.wait_until(lambda: run(home.path, "status").code == 0)
    assert run_json(home.path, "status")[0]["pid"] == started.process.pid
    assert home.read("spawned.json")["args"] == ["--home", home.path]
    run(home.path, "down", check=0)
    assert started.finish().code == 0


@case
def a_profile_is_another_node():
    home = Home()
    os.makedirs(os.path.join(home.path, "profiles/club"))
    run(home.path, "--profile", "club", "id", env=env(), check=0)
    assert run(home.path, "status", check=4).out == "not running\n"
    assert os.path.exists(os.path.join(home.path, "profiles/club/spawned.json"))
    run(home.path, "--profile", "club", "down", check=0)


@case
def without_a_home_the_xdg_folders_are_told():
    home = Home()
    os.makedirs(os.path.join(home.path, "data/earshot"))
    xdg = {"XDG_CONFIG_HOME": f"{home.path}/config", "XDG_DATA_HOME": f"{home.path}/data"}
    run(None, "id", env=env(**xdg), check=0)
    data = f"{home.path}/data/earshot"
    assert home.read("data/earshot/spawned.json")["args"] == [
        "--config", f"{home.path}/config/earshot/earshot.conf", "--data", data,
        "--socket", f"{data}/control.sock", "--ready-fd", "3"]
    run(None, "down", env=xdg, check=0)


# --- passphrases -----------------------------------------------------------------------------------


@case
def a_locked_node_is_not_started_by_itself():
    home = Home()
    for words in (["id"], ["up"], ["chat", "Ada"]):
        refuse(home.path, *words, code=1, error="locked", env=env(FAKE_STATE=LOCKED))
    assert not home.has("starts")


@case
def a_passphrase_travels_by_descriptor():
    home = Home()
    secret = os.path.join(home.path, "secret")
    with open(secret, "w", encoding="ascii") as file:
        file.write("open sesame\n")
    run(home.path, "up", "--passphrase-file", secret, env=env(FAKE_STATE=LOCKED), check=0)
    spawned = home.read("spawned.json")
    assert spawned["passphrase"] == "open sesame\n"
    assert spawned["args"] == ["--home", home.path, "--passphrase-fd", "4", "--ready-fd", "3"]
    refuse(home.path, "up", "--foreground", "--passphrase-file", "/nowhere", code=1, error="file",
           env=env(FAKE_STATE=LOCKED))


@case
def a_person_is_asked_for_it_and_nobody_sees_it():
    home = Home()
    terminal = Terminal(home.path, "up", env=env(FAKE_STATE=LOCKED))
    terminal.wait("Passphrase:")
    terminal.type("open sesame\n")
    assert "sesame" not in terminal.finish()
    assert terminal.restored()
    assert home.read("spawned.json")["passphrase"] == "open sesame"


@case
def ctrl_c_at_the_question_restores_the_terminal():
    home = Home()
    terminal = Terminal(home.path, "up", env=env(FAKE_STATE=LOCKED))
    terminal.wait("Passphrase:")
    terminal.type("\x03")
    terminal.finish(-2)
    assert terminal.restored()


# --- init ------------------------------------------------------------------------------------------


@case
def init_in_a_script_takes_the_defaults():
    home = Home()
    result = run_json(home.path, "init", env=env(FAKE_STATE=NONE))
    assert result == [{"address": ADDRESS, "name": ""}]
    assert home.read("init.json") == {
        "args": ["--home", home.path, "--init", "--name", ""], "passphrase": None}
    assert os.listdir(home.path) == ["init.json"]
    assert run(home.path, "status", check=4).out == "not running\n"


@case
def init_refuses_to_overwrite():
    home = Home()
    refuse(home.path, "init", "--name", "Ada", code=1, error="exists", env=env())
    assert not home.has("init.json")
    error = {"error": "bad-name", "message": "no", "hint": None}
    refuse(home.path, "init", "--name", "#", code=1, error="bad-name",
           env=env(FAKE_STATE=NONE, FAKE_FAIL=json.dumps(error)))


@case
def init_asks_a_person():
    home = Home()
    terminal = Terminal(home.path, "init", env=env(FAKE_STATE=NONE))
    at = terminal.wait("Your name")
    terminal.type("Ada\n")
    at = terminal.wait("Let people on this network see the name Ada for 1 hour? [Y/n]", at)
    terminal.type("\n")
    at = terminal.wait("Passphrase", at)
    terminal.type("sesame\n")
    terminal.wait("Once more", at)
    terminal.type("sesame\n")
    text = terminal.finish()
    assert ADDRESS in text and "visible for 1 h" in text and "sesame" not in text, text
    assert home.read("init.json")["passphrase"] == "sesame"
    assert home.read("init.json")["args"][-1] == "Ada"


@case
def init_asks_nothing_that_was_said():
    home = Home()
    terminal = Terminal(home.path, "init", "--name", "Ada", "--hidden", env=env(FAKE_STATE=NONE))
    terminal.wait("Passphrase")
    terminal.type("\n")
    text = terminal.finish()
    assert "Your name" not in text and "Let people" not in text and "hidden" in text, text
    assert home.read("init.json")["passphrase"] is None


@case
def passphrases_that_differ_make_nothing():
    home = Home()
    terminal = Terminal(home.path, "init", "--name", "", env=env(FAKE_STATE=NONE))
    at = terminal.wait("Passphrase")
    terminal.type("one\n")
    terminal.wait("Once more", at)
    terminal.type("two\n")
    assert "differ" in terminal.finish(1)
    assert not home.has("init.json")


@case
def visibility_asked_for_at_the_set_up_begins_with_the_node():
    home = Home()
    run(home.path, "init", "--name", "Ada", "--visible-for", "1h", env=env(FAKE_STATE=NONE),
        check=0)
    assert run(home.path, "status", check=4).out == "not running\n"
    time.sleep(0.05)
    run(home.path, "up", env=env(), check=0)
    run(home.path, "id", check=0)
    (asked,) = run_json(home.path, "status")[0]["visible"]
    assert 3590000 < asked["for_ms"] < 3600000, asked


@case
def visibility_that_has_passed_is_not_made_up_for():
    home = Home()
    run(home.path, "init", "--name", "Ada", "--visible-for", "1s", env=env(FAKE_STATE=NONE),
        check=0)
    note = pathlib.Path(home.path) / "visible-until"
    note.write_text("2026-01-31T17:00:00.000Z", encoding="ascii")
    run(home.path, "id", env=env(), check=0)
    assert run_json(home.path, "status")[0]["visible"] == []


if __name__ == "__main__":
    fake_node.run_all()
