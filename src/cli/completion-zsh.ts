/** Completion for zsh: a file for a folder of $fpath, which can be sourced as well. */

import type {
  CompletedArgument,
  CompletedCommand,
  CompletedFlag,
  CompletedWord,
} from './completed-command.ts';

export function zshCompletion(commands: readonly CompletedCommand[]): string {
  const programs = ['pantala', ...commands.flatMap((command) => command.programs)].join(' ');
  const services = commands.flatMap((command) =>
    command.programs.map((program) => `    ${program}) _pantala_${command.name} ;;`),
  );
  const rows = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`);
  return `#compdef ${programs}
# Made by: pantala completion zsh

${commands.map(commandFunction).join('\n\n')}

_pantala_commands() {
  local -a commands=(
${rows.join('\n')}
  )
  _describe command commands
}

_pantala() {
  case $service in
${services.join('\n')}
    *)
      if ((CURRENT == 2)); then
        _pantala_commands
      elif (($+functions[_pantala_$words[2]])); then
        local command=$words[2]
        shift words
        ((CURRENT--))
        _pantala_$command
      fi
      ;;
  esac
}

if [[ $funcstack[1] == _pantala ]]; then
  _pantala "$@"
else
  compdef _pantala ${programs}
fi
`;
}

function commandFunction({ name, flags, actions, operand }: CompletedCommand): string {
  const specs = flags.map(flagSpec);
  if (actions.length > 0) specs.push(quoted(`1:action:((${actions.map(actionText).join(' ')}))`));
  if (operand !== 'other') specs.push(quoted(`*:${operand}:${functions[operand]}`));
  const lines = ['_arguments', ...specs].join(' \\\n    ');
  return `_pantala_${name}() {\n  ${lines}\n}`;
}

/** `'*'{-p,--port}'[help]:PORT:'`; the star lets it be given again. */
function flagSpec({ names, help, arguments: all }: CompletedFlag): string {
  const list = names.length === 1 ? names[0] : `{${names.join(',')}}`;
  const text = help.replace(/[\\[\]]/g, '\\$&');
  const rest = all.map((each) => `:${each.name}:${valuesOf(each)}`).join('');
  return `'*'${list}${quoted(`[${text}]${rest}`)}`;
}

function actionText({ word, help }: CompletedWord): string {
  return `${word}\\:"${help.replace(/[\\:"`$]/g, '\\$&')}"`;
}

const functions = {
  file: '_files',
  folder: '_files -/',
  host: '_hosts',
  words: '',
  other: '',
} as const satisfies Record<CompletedArgument['type'], string>;

function valuesOf({ type, words }: CompletedArgument): string {
  return type === 'words' ? `(${words.join(' ')})` : functions[type];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
