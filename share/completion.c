// SPDX-License-Identifier: MIT
#include "share/completion.h"

#include <string.h>

#include "src/commands.h"

static const char *const switch_words[] = {"yes", "no", NULL};

// What can follow an option.
enum kind { NOTHING, WORD, LIST, FILES, FOLDERS, SWITCH };

static bool is(const char *text, const char *other) { return strcmp(text, other) == 0; }

static enum kind kind_of(const struct nb_option *option) {
    return option->value == NULL       ? SWITCH
           : is(option->value, "FILE") ? FILES
           : is(option->value, "DIR")  ? FOLDERS
           : option->choices == NULL   ? NOTHING
           : is(option->value, "LIST") ? LIST
                                       : WORD;
}

static const char *const *words_of(const struct nb_option *option) {
    return option->value == NULL ? switch_words : option->choices;
}

// Prints words with the separator between; names of options, ISAs and data sets need no quotes.
static void print_words(FILE *stream, const char *const *words, const char *separator) {
    for (size_t i = 0; words != NULL && words[i] != NULL; i++)
        fprintf(stream, "%s%s", i == 0 ? "" : separator, words[i]);
}

// Prints text inside single quotes; `special` are the characters that need a backslash there.
static void print_quoted(FILE *stream, const char *text, const char *special) {
    for (; *text != '\0'; text++)
        if (*text == '\'')
            fprintf(stream, "'\\''");
        else if (strchr(special, *text) != NULL)
            fprintf(stream, "\\%c", *text);
        else
            fputc(*text, stream);
}

static bool takes_folder(const struct nb_command *command) { return is(command->operands, "DIR"); }

static void bash_options(FILE *stream, const struct nb_command *command) {
    static const char *const calls[] = {[NOTHING] = "return",
                                        [WORD] = "_normbench_words",
                                        [LIST] = "_normbench_list",
                                        [FILES] = "_normbench_files",
                                        [FOLDERS] = "_normbench_folders",
                                        [SWITCH] = "_normbench_words"};
    NB_EACH_OPTION(command, option) {
        enum kind kind = kind_of(option);
        fprintf(stream, "    ");
        if (kind != SWITCH) // the word after a switch is not its own
            fprintf(stream, "'%s --%s' | ", command->name, option->name);
        fprintf(stream, "'%s --%s=') %s", command->name, option->name, calls[kind]);
        for (const char *const *word = words_of(option); word != NULL && *word != NULL; word++)
            fprintf(stream, " %s", *word);
        fprintf(stream, " ;;\n");
    }
}

void nb_completion_bash(FILE *stream) {
    fprintf(stream,
            "# bash completion of normbench, made from its tables of options\n"
            "_normbench_words() {\n"
            "    mapfile -t COMPREPLY < <(compgen -W \"$*\" -- \"$current\")\n"
            "}\n"
            "_normbench_list() {\n"
            "    local before=\n"
            "    [[ $current != *,* ]] || before=${current%%,*},\n"
            "    mapfile -t COMPREPLY < <(compgen -P \"$before\" -W \"$*\" -- \"${current##*,}\")\n"
            "    compopt -o nospace 2>/dev/null\n"
            "}\n"
            "_normbench_files() {\n"
            "    mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
            "    compopt -o filenames 2>/dev/null\n"
            "}\n"
            "_normbench_folders() {\n"
            "    mapfile -t COMPREPLY < <(compgen -d -- \"$current\")\n"
            "    compopt -o filenames 2>/dev/null\n"
            "}\n"
            "_normbench() {\n"
            "    local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} option=\n"
            "    COMPREPLY=()\n"
            "    if ((COMP_CWORD == 1)); then\n"
            "        _normbench_words");
    for (size_t i = 0; nb_commands[i] != NULL; i++)
        fprintf(stream, " %s", nb_commands[i]->name);
    fprintf(stream, " --help --version\n"
                    "        return\n"
                    "    fi\n"
                    "    # bash makes a word of the = in --option=value\n"
                    "    option=${COMP_WORDS[COMP_CWORD - 1]}\n"
                    "    if [[ $current == = ]]; then\n"
                    "        current= option+==\n"
                    "    elif [[ $option == = ]]; then\n"
                    "        option=${COMP_WORDS[COMP_CWORD - 2]}=\n"
                    "    fi\n"
                    "    case \"$command $option\" in\n");
    for (size_t i = 0; nb_commands[i] != NULL; i++)
        bash_options(stream, nb_commands[i]);
    fprintf(stream, "    *)\n"
                    "        case $command$current in\n");
    for (size_t i = 0; nb_commands[i] != NULL; i++) {
        const struct nb_command *command = nb_commands[i];
        fprintf(stream, "        %s-*) _normbench_words", command->name);
        NB_EACH_OPTION(command, option)
        fprintf(stream, " --%s", option->name);
        fprintf(stream, " --help --version ;;\n");
        if (command->operands == NULL)
            continue;
        fprintf(stream, "        %s*)\n            _normbench_%s\n", command->name,
                takes_folder(command) ? "folders" : "files");
        if (command->operand_words != NULL) {
            fprintf(stream,
                    "            mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W '");
            print_words(stream, command->operand_words, " ");
            fprintf(stream, "' -- \"$current\")\n");
        }
        fprintf(stream, "            ;;\n");
    }
    fprintf(stream, "        esac\n"
                    "        ;;\n"
                    "    esac\n"
                    "}\n"
                    "complete -F _normbench normbench\n");
}

// What follows a value in zsh: its name and how it is completed.
static void zsh_value(FILE *stream, const struct nb_option *option) {
    enum kind kind = kind_of(option);
    fprintf(stream, ":%s:", kind == SWITCH ? "switch" : option->value);
    if (kind == FILES || kind == FOLDERS)
        fprintf(stream, kind == FILES ? "_files" : "_files -/");
    if (kind == WORD || kind == SWITCH) {
        fprintf(stream, "(");
        print_words(stream, words_of(option), " ");
        fprintf(stream, ")");
    }
    if (kind == LIST) {
        fprintf(stream, "_sequence compadd - ");
        print_words(stream, words_of(option), " ");
    }
}

static void zsh_command(FILE *stream, const struct nb_command *command) {
    static const char special[] = "[]:\\";
    fprintf(stream, "    %s)\n        _arguments \\\n", command->name);
    NB_EACH_OPTION(command, option) {
        bool alone = kind_of(option) == SWITCH;
        fprintf(stream, "            '--%s%s[", option->name, alone ? "=-" : "=");
        print_quoted(stream, option->help, special);
        fprintf(stream, alone ? "]:" : "]");
        zsh_value(stream, option);
        fprintf(stream, "' \\\n");
    }
    if (command->operand_words != NULL) {
        fprintf(stream, "            '*:%s:{_alternative \"names:name:(", command->operands);
        print_words(stream, command->operand_words, " ");
        fprintf(stream, ")\" \"files:file:_files\"}' \\\n");
    } else if (command->operands != NULL) {
        fprintf(stream, "            '*:%s:%s' \\\n", command->operands,
                takes_folder(command) ? "_files -/" : "_files");
    }
    fprintf(stream, "            '(- *)'{-h,--help}'[show the help and exit]' \\\n"
                    "            '(- *)'{-V,--version}'[show the version and exit]'\n"
                    "        ;;\n");
}

void nb_completion_zsh(FILE *stream) {
    fprintf(stream, "#compdef normbench\n"
                    "# zsh completion of normbench, made from its tables of options\n"
                    "local -a commands\n"
                    "commands=(\n");
    for (size_t i = 0; nb_commands[i] != NULL; i++) {
        fprintf(stream, "    '%s:", nb_commands[i]->name);
        print_quoted(stream, nb_commands[i]->summary, "\\");
        fprintf(stream, "'\n");
    }
    fprintf(stream, ")\n"
                    "if ((CURRENT == 2)); then\n"
                    "    _describe -t commands command commands\n"
                    "    _arguments '(- *)'{-h,--help}'[show the help and exit]' \\\n"
                    "        '(- *)'{-V,--version}'[show the version and exit]'\n"
                    "    return\n"
                    "fi\n"
                    "shift words\n"
                    "((CURRENT--))\n"
                    "case $words[1] in\n");
    for (size_t i = 0; nb_commands[i] != NULL; i++)
        zsh_command(stream, nb_commands[i]);
    fprintf(stream, "esac\n");
}

static void fish_option(FILE *stream, const char *command, const struct nb_option *option) {
    enum kind kind = kind_of(option);
    fprintf(stream, "complete -c normbench -n '__fish_seen_subcommand_from %s' -l %s", command,
            option->name);
    if (kind == FILES)
        fprintf(stream, " -r -F");
    else if (kind == FOLDERS)
        fprintf(stream, " -x -a '(__fish_complete_directories)'");
    else if (kind != SWITCH)
        fprintf(stream, " -x");
    if (kind == WORD || kind == LIST) {
        fprintf(stream,
                kind == WORD ? " -a '" : " -a '(__fish_complete_list , \"printf %%s\\\\\\\\n ");
        print_words(stream, words_of(option), " ");
        fprintf(stream, kind == WORD ? "'" : "\")'");
    }
    fprintf(stream, " -d '");
    print_quoted(stream, option->help, "\\");
    fprintf(stream, "'\n");
}

void nb_completion_fish(FILE *stream) {
    fprintf(stream, "# fish completion of normbench, made from its tables of options\n"
                    "complete -c normbench -f\n"
                    "complete -c normbench -s h -l help -d 'show the help and exit'\n"
                    "complete -c normbench -s V -l version -d 'show the version and exit'\n");
    for (size_t i = 0; nb_commands[i] != NULL; i++) {
        const struct nb_command *command = nb_commands[i];
        fprintf(stream, "complete -c normbench -n __fish_use_subcommand -a %s -d '", command->name);
        print_quoted(stream, command->summary, "\\");
        fprintf(stream, "'\n");
        NB_EACH_OPTION(command, option)
        fish_option(stream, command->name, option);
        if (command->operands == NULL)
            continue;
        fprintf(stream, "complete -c normbench -n '__fish_seen_subcommand_from %s' ",
                command->name);
        if (takes_folder(command))
            fprintf(stream, "-a '(__fish_complete_directories)'\n");
        else
            fprintf(stream, "-F\n");
        if (command->operand_words != NULL) {
            fprintf(stream, "complete -c normbench -n '__fish_seen_subcommand_from %s' -a '",
                    command->name);
            print_words(stream, command->operand_words, " ");
            fprintf(stream, "'\n");
        }
    }
}
