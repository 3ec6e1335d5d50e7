/** Completion for bash, without the package bash-completion. */

import type { CompletedArgument, CompletedCommand } from './completed-command.ts';

export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  const programs = commands.flatMap((command) =>
    command.programs.map((program) => `    ${program}) command=${command.name} ;;`),
  );
  return `# Made by: pantala completion bash

# What is known of $1: flags, actions, and the type of other words.
_pantala_command() {
  flags= actions= operand=other
  case $1 in
${commands.map(commandCase).join('\n')}
  esac
}

# The types of the arguments of the flag $2 of the command $1; a list begins with =.
_pantala_arguments() {
  arguments=()
  case "$1 $2" in
${commands.flatMap(argumentCases).join('\n')}
  esac
}

_pantala_complete() {
  local IFS=$'\\n'
  case $1 in
    file) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$word")) ;;
    folder) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$word")) ;;
    host) COMPREPLY=($(compgen -A hostname -- "$word")) ;;
    =*) IFS=$' \\n'; COMPREPLY=($(compgen -W "\${1#=}" -- "$word")) ;;
  esac
}

_pantala() {
  local IFS=$' \\t\\n' word=\${COMP_WORDS[COMP_CWORD]} command= at=1
  local flags actions operand arguments program=\${COMP_WORDS[0]##*/}
  COMPREPLY=()
  case $program in
${programs.join('\n')}
    *)
      if ((COMP_CWORD == 1)); then
        _pantala_complete "=${names} --help --version"
        return
      fi
      command=\${COMP_WORDS[1]} at=2
      ;;
  esac
  _pantala_command "$command"
  local -a due=()
  local words=0
  for ((; at < COMP_CWORD; at++)); do
    if ((\${#due[@]} > 0)); then
      due=("\${due[@]:1}")
      continue
    fi
    _pantala_arguments "$command" "\${COMP_WORDS[at]}"
    due=("\${arguments[@]}")
    [[ \${COMP_WORDS[at]} == -* ]] || words=$((words + 1))
  done
  if ((\${#due[@]} > 0)); then
    _pantala_complete "\${due[0]}"
  elif [[ $word == -* ]]; then
    _pantala_complete "=$flags"
  elif [[ -n $actions ]] && ((words == 0)); then
    _pantala_complete "=$actions"
  else
    _pantala_complete "$operand"
  fi
}

complete -F _pantala ${['pantala', ...commands.flatMap((command) => command.programs)].join(' ')}
`;
}

function commandCase({ name, flags, actions, operand }: CompletedCommand): string {
  const names = flags.flatMap((flag) => flag.names).join(' ');
  const words = actions.map(({ word }) => word).join(' ');
  return `    ${name}) flags='${names}' actions='${words}' operand=${operand} ;;`;
}

function argumentCases({ name, flags }: CompletedCommand): string[] {
  return flags
    .filter((flag) => flag.arguments.length > 0)
    .map((flag) => {
      const patterns = flag.names.map((each) => `'${name} ${each}'`).join('|');
      return `    ${patterns}) arguments=(${flag.arguments.map(typeOf).join(' ')}) ;;`;
    });
}

function typeOf({ type, words }: CompletedArgument): string {
  return type === 'words' ? `'=${words.join(' ')}'` : type;
}
