/* SPDX-License-Identifier: Apache-2.0 */
#include "device/machine.h"

/* "At rest" means that a reading proved it: while a control comes to rest its proof is asked for in the faster rhythm
 * too. A device that is gone is asked slowly. */
static uint64_t due_ms(const struct device *d, uint8_t i)
{
	const struct therapy_poll *row = &d->model->polls[i];
	const struct poll *p = &d->polls[i];
	if (!p->asked)
		return 0;
	bool busy = !d->absent && !control_all_at_rest(d);
	uint32_t every = busy && row->energised_ms > 0 ? row->energised_ms : row->every_ms;
	return p->sent_ms + (every > DEVICE_POLL_MIN_MS ? every : DEVICE_POLL_MIN_MS);
}

void poll_greet(struct device *d)
{
	for (uint8_t i = 0; i < d->model->n_polls; i++)
		d->polls[i].asked = false;
	for (uint8_t i = 0; i < d->model->n_on_connect; i++)
		send_verb(d, d->model->on_connect[i], 0, DEVICE_NO_CONTROL);
}

void poll_ask_anew(struct device *d)
{
	for (uint8_t i = 0; d->link_up && i < d->model->n_on_connect; i++)
		if (d->model->verbs[d->model->on_connect[i]].effect == THERAPY_QUERY)
			send_verb(d, d->model->on_connect[i], 0, DEVICE_NO_CONTROL);
}

void poll_time(struct device *d)
{
	if (!d->awaiting || d->now_ms < d->awaiting_until)
		return;
	d->awaiting = false;
	if (!d->awaiting_poll)
		return;
	d->awaiting_poll = false;
	d->counters.polls_unanswered++;
	decode_drop_partial(d); /* half an answer must not become the head of the next one */
}

void poll_reply(struct device *d)
{
	d->awaiting = false;
	d->awaiting_poll = false;
}

static void ask(struct device *d, uint8_t i)
{
	const struct therapy_poll *row = &d->model->polls[i];
	d->polls[i].asked = true;
	d->polls[i].sent_ms = d->now_ms;
	if (send_verb(d, row->verb, 0, DEVICE_NO_CONTROL) && row->reply_ms > 0) {
		d->awaiting = true;
		d->awaiting_poll = true;
		d->awaiting_until = d->now_ms + row->reply_ms;
	}
}

void poll_pump(struct device *d)
{
	if (!d->link_up)
		return;
	send_flush(d);
	while (!d->awaiting) {
		uint64_t first = UINT64_MAX;
		uint8_t pick = 0;
		for (uint8_t i = 0; i < d->model->n_polls; i++) {
			uint64_t due = due_ms(d, i);
			if (due < first) {
				first = due;
				pick = i;
			}
		}
		if (first > d->now_ms)
			return;
		ask(d, pick);
	}
}

uint64_t poll_deadline(const struct device *d)
{
	if (!d->link_up)
		return UINT64_MAX;
	if (d->awaiting)
		return d->awaiting_until;
	uint64_t first = UINT64_MAX;
	for (uint8_t i = 0; i < d->model->n_polls; i++) {
		uint64_t due = due_ms(d, i);
		first = due < first ? due : first;
	}
	return first;
}
