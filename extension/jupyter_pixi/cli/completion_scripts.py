"""Turns a shell's name into the script that completes our commands there, by asking the hidden `complete -- WORDS…`.

`jupyter pixi …` is completed as well where nothing else completes `jupyter` yet.
"""

from __future__ import annotations

_BASH = """_jupyter_pixi() {
    local IFS=$'\\n' at=1
    local -a call=("${COMP_WORDS[0]}")
    if [[ ${call[0]##*/} == jupyter ]]; then
        [[ $COMP_CWORD -gt 1 && ${COMP_WORDS[1]} == pixi ]] || return 0
        call+=(pixi) at=2
    fi
    COMPREPLY=( $("${call[@]}" complete -- "${COMP_WORDS[@]:at:COMP_CWORD-at+1}" 2>/dev/null) )
}
complete -o default -F _jupyter_pixi jupyter-pixi pixi-jupyter
complete -p jupyter >/dev/null 2>&1 || complete -o default -F _jupyter_pixi jupyter
"""
_ZSH = """#compdef jupyter-pixi pixi-jupyter
_jupyter_pixi() {
    local -a offers call
    local at=2
    call=("${words[1]}")
    if [[ ${words[1]:t} == jupyter ]]; then
        [[ $CURRENT -gt 2 && ${words[2]} == pixi ]] || { _files; return }
        call+=(pixi) at=3
    fi
    offers=( ${(f)"$("${call[@]}" complete -- "${(@)words[at,CURRENT]}" 2>/dev/null)"} )
    if (( ${#offers} )); then compadd -a offers; else _files; fi
}
compdef _jupyter_pixi jupyter-pixi pixi-jupyter
(( $+_comps[jupyter] )) || compdef _jupyter_pixi jupyter
"""
_FISH = """function __jupyter_pixi
    set -l words (commandline -opc) (commandline -ct)
    set -l call $words[1]
    set -e words[1]
    if string match -qr '(^|/)jupyter$' -- $call
        test "$words[1]" = pixi; and test (count $words) -gt 1; or return
        set -a call pixi
        set -e words[1]
    end
    $call complete -- $words 2>/dev/null
end
complete -c jupyter-pixi -f -a '(__jupyter_pixi)'
complete -c pixi-jupyter -f -a '(__jupyter_pixi)'
complete -c jupyter -n 'string match -q pixi -- (commandline -opc)[2]' -f -a '(__jupyter_pixi)'
"""
_ELVISH = """{
    var offers = {|call words|
        try { (external $call[0]) (all $call[1..]) complete -- (all $words) 2>/dev/null } catch { nop }
    }
    for name [jupyter-pixi pixi-jupyter] {
        set edit:completion:arg-completer[$name] = {|@words| $offers [$words[0]] $words[1..] }
    }
    if (not (has-key $edit:completion:arg-completer jupyter)) {
        set edit:completion:arg-completer[jupyter] = {|@words|
            if (and (> (count $words) 2) (eq $words[1] pixi)) {
                $offers [$words[0] pixi] $words[2..]
            } else {
                edit:complete-filename $@words
            }
        }
    }
}
"""
_NUSHELL = """def "nu-complete jupyter-pixi" [context: string] {
    let ended = $context =~ '\\s$'
    let words = ($context | str trim | split row --regex '\\s+')
    let words = (if $ended { $words | append '' } else { $words })
    let own = (if $words.0 == 'jupyter' { 2 } else { 1 })
    let called = ($words | first $own)
    let asked = ($words | skip $own)
    do { ^$called.0 ...($called | skip 1) complete -- ...$asked } | complete | get stdout | lines
}
export extern "jupyter-pixi" [...words: string@"nu-complete jupyter-pixi"]
export extern "pixi-jupyter" [...words: string@"nu-complete jupyter-pixi"]
export extern "jupyter pixi" [...words: string@"nu-complete jupyter-pixi"]
"""
_POWERSHELL = """Register-ArgumentCompleter -Native -CommandName jupyter-pixi, pixi-jupyter, jupyter -ScriptBlock {
    param($begun, $line, $position)
    $words = @($line.CommandElements | Where-Object { $_.Extent.EndOffset -le $position } | ForEach-Object { "$_" })
    $call, $words = $words
    $own = @()
    if ($call -match '(^|[\\\\/])jupyter(\\.exe)?$') {
        $first, $words = $words
        if ($first -ne 'pixi' -or ($begun -eq 'pixi')) { return }
        $own = @('pixi')
    }
    if ($begun -eq '') {
        $words = @($words) + $(if ($PSVersionTable.PSVersion -lt [version]'7.3') { '""' } else { '' })
    }
    & $call @own complete -- @words 2>$null | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
    }
}
"""
SCRIPTS = {
    "bash": _BASH,
    "elvish": _ELVISH,
    "fish": _FISH,
    "nushell": _NUSHELL,
    "powershell": _POWERSHELL,
    "zsh": _ZSH,
}
