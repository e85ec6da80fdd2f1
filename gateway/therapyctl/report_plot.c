/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/report_inside.h"

#include <math.h>

/* Narrow, so that its letters can be read on a telephone, where it is drawn in this size. */
#define WIDTH  360.0
#define HEIGHT 190.0
#define LEFT   34.0
#define RIGHT  6.0
#define TOP    8.0
#define BOTTOM 20.0

static double day_width(const struct plot *plot)
{
	return (WIDTH - LEFT - RIGHT) / plot->days;
}

void plot_room(struct plot *plot, unsigned day)
{
	plot->in_day[day]++;
}

struct plot_slot plot_slot(struct plot *plot, unsigned day)
{
	double width = day_width(plot) / plot->in_day[day];
	double x = LEFT + (day - 1) * day_width(plot) + (plot->told[day]++ + 0.5) * width;
	return (struct plot_slot){x, width};
}

double plot_y(const struct plot *plot, double value)
{
	return HEIGHT - BOTTOM - (value - plot->low) / (plot->high - plot->low) * (HEIGHT - TOP - BOTTOM);
}

/* Three to six steps of 1, 2 or 5 times a power of ten. */
static void choose_axis(struct plot *plot, double least, double most)
{
	most = fmax(most, least + 1e-3);
	double rough = (most - least) / 4, power = pow(10, floor(log10(rough))), lead = rough / power;
	plot->step = (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10) * power;
	plot->low = floor(least / plot->step) * plot->step;
	plot->high = ceil(most / plot->step - 1e-9) * plot->step;
}

static void draw_axes(const struct plot *plot)
{
	struct text *out = plot->out;
	int steps = (int)lround((plot->high - plot->low) / plot->step);
	for (int i = 0; i <= steps; i++) {
		char number[32];
		struct str s;
		double value = plot->low + i * plot->step, y = plot_y(plot, value);
		str_init(&s, number, sizeof number);
		str_add_number(&s, value, 3);
		text_add(out,
			 "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
			 "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
			 LEFT, WIDTH - RIGHT, y, y, LEFT - 4, y + 3.5, number);
	}
	for (unsigned day = 1; day <= plot->days; day += 7)
		text_add(out,
			 "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
			 "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%u</text>\n",
			 LEFT + (day - 1) * day_width(plot), LEFT + (day - 1) * day_width(plot), HEIGHT - BOTTOM,
			 HEIGHT - BOTTOM + 4, LEFT + (day - 0.5) * day_width(plot), HEIGHT - 5, day);
}

void plot_begin(struct plot *plot, const char *id, const char *title, const char *description, const char *legend,
		double least, double most)
{
	struct text *out = plot->out;
	choose_axis(plot, least, most);
	text_add(out, "<figure><figcaption>");
	text_add_html(out, title);
	text_add(out, "<span>%s</span></figcaption>\n", legend);
	text_add(out,
		 "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
		 "aria-labelledby=\"%s-title %s-desc\"><title id=\"%s-title\">",
		 WIDTH, HEIGHT, id, id, id);
	text_add_html(out, title);
	text_add(out, "</title><desc id=\"%s-desc\">", id);
	text_add_html(out, description);
	text_add(out, "</desc>\n");
	draw_axes(plot);
}

void plot_end(struct plot *plot)
{
	text_add(plot->out, "</svg></figure>\n");
}
