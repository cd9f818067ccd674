// SPDX-License-Identifier: MIT
#include "src/page.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "src/embedded.h"
#include "src/html.h"

// Markdown's own characters lose their meaning.
static void markdown_text(FILE *stream, const char *text) {
    for (; *text; text++) {
        if (strchr("\\`*_<>[]&#|~", *text))
            fputc('\\', stream);
        fputc((unsigned char)*text < ' ' ? ' ' : *text, stream);
    }
}

// Opens a file in the folder of the page; false when the page has failed.
static bool open_file(struct nb_page *page, struct nb_file *file, const char *name,
                      const char *extension) {
    char *path;
    if (page->code != NB_OK)
        return false;
    if (asprintf(&path, "%s/%s%s", page->folder, name, extension) < 0) {
        nb_page_no_memory(page);
        return false;
    }
    page->code = nb_file_open(file, path, page->error);
    free(path);
    return page->code == NB_OK;
}

void nb_page_no_memory(struct nb_page *page) {
    if (page->code == NB_OK)
        page->code = nb_error_set(page->error, NB_FAILED, "not enough memory; free some");
}

void nb_page_open(struct nb_page *page, const char *folder, const char *title,
                  struct nb_error *error) {
    *page = (struct nb_page){.folder = folder, .error = error};
    page->paths = open_memstream(&page->made, &page->made_size);
    page->code = page->paths == NULL
                     ? nb_error_set(error, NB_FAILED, "not enough memory; free some")
                     : nb_folder_make(folder, error);
    if (!open_file(page, &page->html, "index", ".html") ||
        !open_file(page, &page->markdown, "report", ".md"))
        return;
    const struct nb_embedded *style = nb_embedded_file("page.css");
    FILE *html = page->html.stream;
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
          html);
    nb_html_text(html, title);
    fprintf(html, "</title>\n<style>\n%.*s</style>\n</head>\n<body>\n", (int)style->size,
            (const char *)style->bytes);
    fputs("<a class=\"skip\" href=\"#main\">Skip to the report</a>\n<main id=\"main\">\n<h1>",
          html);
    nb_html_text(html, title);
    fputs("</h1>\n", html);
    fputs("# ", page->markdown.stream);
    markdown_text(page->markdown.stream, title);
    fputs("\n", page->markdown.stream);
}

void nb_page_heading(struct nb_page *page, int level, const char *id, const char *text) {
    if (page->code != NB_OK)
        return;
    FILE *html = page->html.stream, *markdown = page->markdown.stream;
    fprintf(html, "<h%d", level);
    if (id != NULL)
        fprintf(html, " id=\"%s\"", id);
    fputs(">", html);
    nb_html_text(html, text);
    fprintf(html, "</h%d>\n", level);
    fprintf(markdown, "\n%s ", level == 2 ? "##" : "###");
    markdown_text(markdown, text);
    fputs("\n", markdown);
}

static void paragraph(struct nb_page *page, const char *text) {
    fputs("<p>", page->html.stream);
    nb_html_text(page->html.stream, text);
    fputs("</p>\n", page->html.stream);
    fputs("\n", page->markdown.stream);
    markdown_text(page->markdown.stream, text);
    fputs("\n", page->markdown.stream);
}

void nb_page_text(struct nb_page *page, const char *format, ...) {
    char text[NB_PAGE_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (page->code == NB_OK)
        paragraph(page, text);
}

// GitHub makes ids of its own from the headings of Markdown, so only the page has contents.
void nb_page_contents(struct nb_page *page, const char *const *ids, const char *const *titles,
                      size_t count) {
    if (page->code != NB_OK)
        return;
    FILE *html = page->html.stream;
    fputs("<nav aria-label=\"Contents\">\n<ul>\n", html);
    for (size_t i = 0; i < count; i++) {
        fprintf(html, "<li><a href=\"#%s\">", ids[i]);
        nb_html_text(html, titles[i]);
        fputs("</a></li>\n", html);
    }
    fputs("</ul>\n</nav>\n", html);
}

void nb_page_table_begin(struct nb_page *page, const char *name, const char *caption,
                         const struct nb_column *columns, size_t count) {
    if (!open_file(page, &page->csv, name, ".csv"))
        return;
    FILE *html = page->html.stream, *markdown = page->markdown.stream;
    // What scrolls must be reached by the keyboard, and then needs a name.
    fprintf(html,
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"table-%s\">\n",
            name);
    fprintf(html, "<table>\n<caption id=\"table-%s\"><span>", name);
    nb_html_text(html, caption);
    fprintf(html, " Data: <a href=\"%s.csv\">%s.csv</a></span></caption>\n", name, name);
    fputs("\n", markdown);
    markdown_text(markdown, caption);
    fprintf(markdown, " Data: [%s.csv](%s.csv)\n\n", name, name);
    fprintf(page->paths, "%s/%s.csv\n", page->folder, name);
    nb_table_begin(&page->tables[0], html, NB_TABLE_HTML, columns, count);
    nb_table_begin(&page->tables[1], markdown, NB_TABLE_MARKDOWN, columns, count);
    nb_table_begin(&page->tables[2], page->csv.stream, NB_TABLE_CSV, columns, count);
}

void nb_page_table_row(struct nb_page *page, const struct nb_cell *cells) {
    for (int i = 0; i < 3 && page->code == NB_OK; i++)
        nb_table_row(&page->tables[i], cells);
}

void nb_page_table_end(struct nb_page *page) {
    if (page->code != NB_OK)
        return;
    for (int i = 0; i < 3; i++)
        nb_table_end(&page->tables[i]);
    fputs("</table>\n</div>\n", page->html.stream);
    page->code = nb_file_commit(&page->csv, page->error);
}

static void link_files(struct nb_page *page, const struct nb_plot_files *files, const char *name) {
    const char *const paths[] = {files->csv, files->svg, files->png, files->gp};
    static const char *const extensions[] = {"csv", "svg", "png", "gp"}, *const kinds[] = {
                                                                             "Data (CSV)", "SVG",
                                                                             "PNG",
                                                                             "gnuplot script"};
    for (int i = 0; i < 4; i++) {
        if (*paths[i] == '\0')
            continue;
        const char *between = i == 0 ? " " : " · ";
        fprintf(page->html.stream, "%s<a href=\"%s.%s\">%s</a>", between, name, extensions[i],
                kinds[i]);
        fprintf(page->markdown.stream, "%s[%s](%s.%s)", between, kinds[i], name, extensions[i]);
        fprintf(page->paths, "%s\n", paths[i]);
    }
}

void nb_page_plot(struct nb_page *page, const struct nb_plot *plot, const char *name,
                  const char *caption) {
    if (page->code != NB_OK)
        return;
    struct nb_plot_files files;
    struct nb_error why;
    enum nb_code code = nb_plot_write(plot, page->folder, name, &files, &why);
    if (code != NB_OK && *files.csv == '\0') {
        *page->error = why;
        page->code = code;
        return;
    }
    if (code != NB_OK && page->no_pictures.code == NB_OK) {
        page->no_pictures = why;
        paragraph(page, "This report has no pictures, as gnuplot was missing or failed when it was "
                        "made. The data of each plot are linked.");
    }
    FILE *html = page->html.stream, *markdown = page->markdown.stream;
    fputs("<figure>\n", html);
    fputs("\n", markdown);
    if (code == NB_OK) {
        page->code = nb_html_svg(html, files.svg, name, plot->title, page->error);
        fputs("![", markdown);
        markdown_text(markdown, plot->title);
        fprintf(markdown, "](%s.svg)\n\n", name);
    }
    fputs("<figcaption>", html);
    nb_html_text(html, caption);
    markdown_text(markdown, caption);
    link_files(page, &files, name);
    fputs("</figcaption>\n</figure>\n", html);
    fputs("\n", markdown);
}

void nb_page_figures_begin(struct nb_page *page) {
    if (page->code == NB_OK)
        fputs("<div class=\"figures\">\n", page->html.stream);
}

void nb_page_figures_end(struct nb_page *page) {
    if (page->code == NB_OK)
        fputs("</div>\n", page->html.stream);
}

enum nb_code nb_page_close(struct nb_page *page, FILE *stream) {
    if (!nb_text_close(page->paths, &page->made))
        nb_page_no_memory(page);
    if (page->code == NB_OK) {
        fputs("</main>\n</body>\n</html>\n", page->html.stream);
        page->code = nb_file_commit(&page->markdown, page->error);
    }
    if (page->code == NB_OK)
        page->code = nb_file_commit(&page->html, page->error);
    nb_file_discard(&page->html);
    nb_file_discard(&page->markdown);
    nb_file_discard(&page->csv);
    if (page->code == NB_OK)
        fprintf(stream, "%s%s/report.md\n%s/index.html\n", page->made, page->folder, page->folder);
    free(page->made);
    return page->code;
}
