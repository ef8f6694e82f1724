# SPDX-License-Identifier: ISC
# Completion of earshot for fish. Names come from a node that runs; none is started.

set -l with_value --home --profile --timeout --name --visible-for --passphrase-file --uses --for \
    --qr-file --as --greeting --code --wait --reply-to --limit --since --count --size

# Words on the line that are no options and no values of options: the command comes first.
function __earshot_operands -V with_value
    set -l skip 0
    for word in (commandline -opc)[2..]
        if test $skip = 1
            set skip 0
        else if contains -- $word $with_value
            set skip 1
        else if not string match -q -- '-*' $word
            echo $word
        end
    end
end

function __earshot_no_command
    test (count (__earshot_operands)) -eq 0
end

# The command is one of these; and, for its first operand, nothing else has been typed yet.
function __earshot_command
    set -l operands (__earshot_operands)
    contains -- "$operands[1]" $argv
end

function __earshot_first_of
    set -l operands (__earshot_operands)
    test (count $operands) -eq 1; and contains -- $operands[1] $argv
end

function __earshot_names
    set -l home
    set -l words (commandline -opc)
    for i in (seq 2 (count $words))
        if contains -- $words[$i] --home --profile
            set -a home $words[$i] $words[(math $i + 1)]
        end
    end
    earshot $home --no-start --json $argv[1] 2>/dev/null |
        string replace -rf '.*"'$argv[2]'":"([^"\\\\]*)".*' '$1'
end

complete -c earshot -f

complete -c earshot -l home -x -a '(__fish_complete_directories)' -d 'The folder of the node'
complete -c earshot -l profile -x -d 'An identity of its own inside the home'
complete -c earshot -l json -d 'One JSON object per line'
complete -c earshot -l timeout -x -a '30s 10m 1h' -d 'Give up after that time'
complete -c earshot -l no-start -d 'Do not start a node'
complete -c earshot -s q -l quiet -d 'Results and errors only'
complete -c earshot -s h -l help -d 'Explain the command'
complete -c earshot -s V -l version -d 'Say which version this is'

set -l none -n __earshot_no_command
complete -c earshot $none -a init -d 'Makes your identity'
complete -c earshot $none -a up -d 'Starts the node'
complete -c earshot $none -a down -d 'Stops the node'
complete -c earshot $none -a status -d 'Describes the node'
complete -c earshot $none -a id -d 'Shows my address'
complete -c earshot $none -a invite -d 'Makes a link that lets somebody become my contact'
complete -c earshot $none -a nearby -d 'Shows visible people, and contacts who are here'
complete -c earshot $none -a visible -d 'Shows or hides my name on this network'
complete -c earshot $none -a add -d 'Asks somebody to become a contact, or opens an invite'
complete -c earshot $none -a requests -d 'Shows who asks to become a contact'
complete -c earshot $none -a accept -d 'Takes somebody who asks as a contact'
complete -c earshot $none -a decline -d 'Drops a request'
complete -c earshot $none -a contacts -d 'Lists my contacts'
complete -c earshot $none -a rename -d 'Gives a contact another name, on this node'
complete -c earshot $none -a block -d 'Takes nothing more from somebody'
complete -c earshot $none -a unblock -d 'Takes back a block'
complete -c earshot $none -a forget -d 'Erases a contact and the whole history'
complete -c earshot $none -a verify -d 'Shows the safety number, or compares it'
complete -c earshot $none -a send -d 'Sends a message, or each line of the standard input'
complete -c earshot $none -a chat -d 'Talks line by line'
complete -c earshot $none -a 'log history' -d 'Shows the messages of a conversation'
complete -c earshot $none -a conversations -d 'Lists conversations'
complete -c earshot $none -a read -d 'Marks everything in a conversation as read'
complete -c earshot $none -a label -d 'Says who can read a conversation, and why we know'
complete -c earshot $none -a listen -d 'Shows events until it is stopped'
complete -c earshot $none -a ping -d 'Measures a sealed round trip'
complete -c earshot $none -a mesh -d 'Shows links, and what is carried for others'
complete -c earshot $none -a stats -d 'Shows every counter'
complete -c earshot $none -a connect -d 'Links to a node by its address in the network'
complete -c earshot $none -a doctor -d 'Checks this machine and network'
complete -c earshot $none -a help -d 'Explains a command'
complete -c earshot $none -a version -d 'Says which version this is'

function __earshot_option -a command
    complete -c earshot -n "__earshot_command $command" $argv[2..]
end

__earshot_option init -l name -x -d 'What others see'
__earshot_option init -l visible-for -x -a 1h -d 'Show the name to this network'
__earshot_option init -l hidden -d 'Show it to nobody'
__earshot_option init -l passphrase-file -r -F -d 'Encrypt under the passphrase in a file'
__earshot_option up -l foreground -d 'Stay, and write the log to stderr'
__earshot_option up -l passphrase-file -r -F -d 'Unlock with the passphrase in a file'
__earshot_option id -l qr -d 'Show it as a QR code too'
__earshot_option id -l link -d 'As a link'
__earshot_option invite -l uses -x -d 'How many people may open it'
__earshot_option invite -l for -x -a '10m 1h 1d' -d 'How long it can be opened'
__earshot_option invite -l link -d 'As a link'
__earshot_option invite -l qr -d 'Show it as a QR code too'
__earshot_option invite -l qr-file -r -F -d 'Write the QR code to an .svg or .pbm picture'
__earshot_option nearby -l watch -d 'Go on and show who comes and goes'
__earshot_option visible -l for -x -a '1h 8h' -d 'How long'
__earshot_option add -l as -x -d 'What you call them'
__earshot_option add -l greeting -x -d 'What they read beside your request'
__earshot_option accept -l as -x -d 'What you call them'
__earshot_option forget -l yes -d 'Do not ask'
__earshot_option verify -l code -x -d 'What the other side shows'
__earshot_option verify -l qr -d 'Show it as a QR code too'
__earshot_option send -l wait -x -a 'queued delivered read' -d 'Return in this state'
__earshot_option send -l reply-to -x -d 'The message that this answers'
__earshot_option 'log history' -l limit -x -d 'How many'
__earshot_option 'log history' -l since -x -a '1h 1d 7d' -d 'A time, or a duration ago'
__earshot_option 'log history' -l follow -d 'Go on with those that come'
__earshot_option listen -l since -x -d 'Those after this sequence number'
__earshot_option ping -l count -x -d 'How often'
__earshot_option ping -l size -x -d 'Bytes of payload'
__earshot_option stats -l watch -d 'Again every two seconds'
__earshot_option stats -l openmetrics -d 'In the format that Prometheus reads'
functions -e __earshot_option

complete -c earshot -n '__earshot_first_of visible' -a 'on off'
complete -c earshot -n '__earshot_first_of add' -a '(__earshot_names nearby name)'
complete -c earshot -n '__earshot_first_of accept decline' -a '(__earshot_names requests name)'
complete -c earshot -n '__earshot_first_of rename block unblock forget verify' \
    -a '(__earshot_names contacts name)'
complete -c earshot -n '__earshot_first_of send chat log history read label ping' \
    -a '(__earshot_names conversations conversation)'
complete -c earshot -n '__earshot_first_of help' -a 'init up down status id invite nearby visible add
    requests accept decline contacts rename block unblock forget verify send chat log conversations
    read label listen ping mesh stats connect doctor version'
