# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for slotscope, which says itself what may follow:
# slotscope complete, user/cmd/complete.c.

function __slotscope_complete
    set -l words (commandline -opc)
    set -l cur (commandline -ct)
    set -l program $words[1]
    set -e words[1]

    for line in ($program complete -- $words "$cur" 2>/dev/null)
        switch $line
            case ':files'
                set -l option (string match -r '^--[a-z-]*=' -- "$cur")
                set -l path (string replace -r '^--[a-z-]*=' '' -- "$cur")
                for file in (__fish_complete_path "$path")
                    echo "$option$file"
                end
            case ':nospace'
            case ':command *'
                set -l at (math (string replace ':command ' '' -- $line) + 1)
                complete -C (string join ' ' -- (string escape -- $words[$at..-1]) "$cur")
            case '*'
                echo $line
        end
    end
end

complete -c slotscope -f -a '(__slotscope_complete)'
