/* SPDX-License-Identifier: Apache-2.0 */
#include "begin/ask.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#include "base/str.h"
#include "begin/say.h"
#include "begin/stop.h"

static unsigned asked;
static bool fresh, over; /* fresh: the next question was not asked before */
static int patience_ms = -1;

bool ask_over(void)
{
	return over;
}

unsigned ask_count(void)
{
	return asked;
}

void ask_new(void)
{
	fresh = true;
}

void ask_patience(unsigned seconds)
{
	patience_ms = seconds ? (int)seconds * 1000 : -1;
}

static enum ask_end read_line(bool secret, char out[ASK_MAX], bool *fits)
{
	size_t n = 0;
	*fits = true;
	for (;;) {
		char c = '\0';
		if (!stop_or_readable(STDIN_FILENO, patience_ms))
			return stop_asked() ? ASK_INTERRUPTED : ASK_OVER;
		if (read(STDIN_FILENO, &c, 1) <= 0)
			return ASK_OVER;
		if (c == '\n')
			break;
		if (c == '\r' || c == '\0')
			continue;
		if (n + 1 == ASK_MAX || (unsigned char)c < 0x20 || c == 0x7f)
			*fits = false;
		else
			out[n++] = c;
	}
	while (!secret && n > 0 && out[n - 1] == ' ') /* a password may end with one */
		n--;
	out[n] = '\0';
	return ASK_GOOD;
}

static void count(void)
{
	asked += fresh;
	fresh = false;
}

static const char *const kinds[] = {"line", "rows", "secret", "yes"};
enum kind { LINE, ROWS, SECRET, YES };

static void show(enum kind kind, const char *question, const char *fallback)
{
	if (say_is_json())
		say_ask(kinds[kind], question, fallback);
	else if (kind == YES)
		printf("%s [%s] ", question, fallback[0] == 'y' ? "Y/n" : "y/N");
	else if (fallback)
		printf("%s [%s] ", question, fallback);
	else
		printf("%s ", question);
	fflush(stdout);
}

static enum ask_end ask(enum kind kind, const char *question, const char *fallback, char out[ASK_MAX])
{
	bool fits = false, secret = kind == SECRET;
	enum ask_end end = ASK_GOOD;
	while (end == ASK_GOOD && !fits) {
		show(kind, question, fallback);
		end = read_line(secret, out, &fits);
		if (end == ASK_GOOD && say_is_json())
			say_answer(secret ? "" : out);
		else if (end == ASK_GOOD && !isatty(STDIN_FILENO))
			printf("%s\n", secret ? "" : out); /* so that what a script answered can be read */
		if (end == ASK_GOOD && !fits)
			say("That is too long, or has keys in it that make no text: once more.");
	}
	over |= end == ASK_OVER;
	if (end != ASK_GOOD && !say_is_json())
		putchar('\n');
	return end;
}

static enum ask_end ask_text(enum kind kind, const char *question, const char *fallback, char out[ASK_MAX])
{
	char answer[ASK_MAX];
	count();
	enum ask_end end = ask(kind, question, fallback, answer);
	if (end == ASK_GOOD)
		(void)str_copy(out, ASK_MAX, answer[0] || !fallback ? answer : fallback);
	return end;
}

enum ask_end ask_line(const char *question, const char *fallback, char out[ASK_MAX])
{
	return ask_text(LINE, question, fallback, out);
}

enum ask_end ask_rows(const char *question, const char *fallback, char out[ASK_MAX])
{
	return ask_text(ROWS, question, fallback, out);
}

enum ask_end ask_secret(const char *question, char out[ASK_MAX])
{
	struct termios before, quiet;
	bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
	count();
	if (terminal) {
		quiet = before;
		quiet.c_lflag &= (tcflag_t)~ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	enum ask_end end = ask(SECRET, question, NULL, out);
	if (terminal) {
		tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
		putchar('\n'); /* the one that was typed was not shown */
	}
	return end;
}

enum ask_end ask_silently(char out[ASK_MAX])
{
	bool fits = false;
	enum ask_end end = read_line(true, out, &fits);
	return end == ASK_GOOD && !fits ? ASK_OVER : end;
}

enum ask_end ask_yes(const char *question, bool fallback, bool *out)
{
	char answer[ASK_MAX];
	count();
	for (;;) {
		enum ask_end end = ask(YES, question, fallback ? "y" : "n", answer);
		if (end != ASK_GOOD)
			return end;
		bool yes = strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
		bool no = strcasecmp(answer, "n") == 0 || strcasecmp(answer, "no") == 0;
		if (yes || no || !answer[0]) {
			*out = answer[0] ? yes : fallback;
			return ASK_GOOD;
		}
		say("y or n, please.");
	}
}
