# SPDX-License-Identifier: ISC
# Completion of earshot for bash. Names come from a node that runs; none is started.
# shellcheck shell=bash

_earshot_names() {
    earshot "${home[@]}" --no-start --json "$1" 2>/dev/null |
        sed -n "s/.*\"$2\":\"\\([^\"\\\\]*\\)\".*/\\1/p"
}

# Names may hold blanks: one line is one name.
_earshot_complete_names() {
    local name
    while IFS= read -r name; do
        [[ $name == "$cur"* ]] && COMPREPLY+=("$(printf '%q' "$name")")
    done
}

_earshot_options() {
    local global='--home --profile --json --timeout --no-start --quiet --help --version'
    case $1 in
        init) echo "$global --name --visible-for --hidden --passphrase-file" ;;
        up) echo "$global --foreground --passphrase-file" ;;
        id) echo "$global --qr --link" ;;
        invite) echo "$global --uses --for --link --qr --qr-file" ;;
        nearby) echo "$global --watch" ;;
        visible) echo "$global --for" ;;
        add) echo "$global --as --greeting" ;;
        accept) echo "$global --as" ;;
        forget) echo "$global --yes" ;;
        verify) echo "$global --code --qr" ;;
        send) echo "$global --wait --reply-to" ;;
        log | history) echo "$global --limit --since --follow" ;;
        listen) echo "$global --since" ;;
        ping) echo "$global --count --size" ;;
        stats) echo "$global --watch --openmetrics" ;;
        *) echo "$global" ;;
    esac
}

_earshot_value() {
    case $1 in
        --home) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
        --passphrase-file | --qr-file) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        --wait) mapfile -t COMPREPLY < <(compgen -W 'queued delivered read' -- "$cur") ;;
        --timeout | --for | --visible-for)
            mapfile -t COMPREPLY < <(compgen -W '30s 10m 1h 7d' -- "$cur")
            ;;
        --profile | --name | --as | --greeting | --code | --reply-to | --limit | --since | \
            --uses | --count | --size) ;;
        *) return 1 ;;
    esac
}

_earshot() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    local command='' operands=0 i home=()
    local commands='init up down status id invite nearby visible add requests accept decline
        contacts rename block unblock forget verify send chat log history conversations read label
        listen ping mesh stats connect doctor help version'
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            --home | --profile) home+=("${COMP_WORDS[i]}" "${COMP_WORDS[++i]-}") ;;
            --timeout | --name | --visible-for | --passphrase-file | --uses | --for | --qr-file | \
                --as | --greeting | --code | --wait | --reply-to | --limit | --since | \
                --count | --size) ((i++)) ;;
            -*) ;;
            *)
                if [[ -z $command ]]; then
                    command=${COMP_WORDS[i]}
                else
                    ((operands++))
                fi
                ;;
        esac
    done
    _earshot_value "$prev" && return
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_earshot_options "$command")" -- "$cur")
        return
    fi
    if [[ -z $command || ($command == help && $operands -eq 0) ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur")
        return
    fi
    ((operands == 0)) || return
    case $command in
        visible) mapfile -t COMPREPLY < <(compgen -W 'on off' -- "$cur") ;;
        add) _earshot_complete_names < <(_earshot_names nearby name) ;;
        accept | decline) _earshot_complete_names < <(_earshot_names requests name) ;;
        rename | block | unblock | forget | verify)
            _earshot_complete_names < <(_earshot_names contacts name)
            ;;
        send | chat | log | history | read | label | ping)
            _earshot_complete_names < <(_earshot_names conversations conversation)
            ;;
    esac
}

complete -F _earshot earshot
