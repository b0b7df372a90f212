# bash completion for bedplate; written by tools/generate_cli from cli/*.def: change those
_bedplate() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        COMPREPLY=($(compgen -W "sql info completions --help --version" -- "$word"))
        return
    fi
    if [[ ${COMP_WORDS[1]} == info ]]; then
        COMPREPLY=($(compgen -W "--json" -- "$word"))
        return
    fi
    if [[ ${COMP_WORDS[1]} == completions ]]; then
        COMPREPLY=($(compgen -W "bash zsh fish" -- "$word"))
        return
    fi
    [[ ${COMP_WORDS[1]} == sql ]] || return
    case $before in
    -c) return ;;
    -f) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$word")); return ;;
    --format) COMPREPLY=($(compgen -W "box csv tsv json jsonl markdown html line arrow parquet" -- "$word")); return ;;
    --output) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$word")); return ;;
    --null) return ;;
    --max-rows) return ;;
    --color) COMPREPLY=($(compgen -W "auto always never" -- "$word")); return ;;
    --threads) return ;;
    --memory-limit) return ;;
    --temp-directory) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$word")); return ;;
    --set) compopt -o nospace 2>/dev/null; COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" info 2>/dev/null | sed '1d; s/ .*/=/')" -- "$word")); return ;;
    --timeout) return ;;
    esac
    COMPREPLY=($(compgen -W "-c -f --format --output --null --no-header --max-rows --color --threads --memory-limit --temp-directory --set --timer --timeout --help" -- "$word"))
}
complete -F _bedplate bedplate
