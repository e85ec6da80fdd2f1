/* SPDX-License-Identifier: Apache-2.0
 * German: names of entities, those of the gateway and those that the shipped plugins give. */
#include "base/language_tables.h"

static const struct language_entry names[] = {
    {"%.80s interlock", "%.80s: Sperre"},
    {"%.80s off-test", "%.80s: Abschalttest"},
    {"%.80s permission", "%.80s: Freigabe"},
    {"Alarm", "Alarm"},
    {"Alarm sounds", "Alarm tönt"},
    {"Broker connections", "Broker-Verbindungen"},
    {"Clock", "Uhr"},
    {"Connection", "Verbindung"},
    {"Current", "Stromstärke"},
    {"Device processes started anew", "Neu gestartete Geräteprozesse"},
    {"Energy", "Energie"},
    {"Events", "Ereignisse"},
    {"Events dropped", "Verworfene Ereignisse"},
    {"Events waiting", "Wartende Ereignisse"},
    {"Force", "Kraft"},
    {"Hazards not covered", "Nicht abgedeckte Gefahren"},
    {"Heat", "Wärme"},
    {"I am here", "Ich bin da"},
    {"Latched", "Verriegelt"},
    {"Link connections", "Verbindungsaufbauten"},
    {"Link errors", "Verbindungsfehler"},
    {"Occupied", "Belegt"},
    {"Pain button", "Schmerztaster"},
    {"Parked", "Geparkt"},
    {"Power", "Leistung"},
    {"Pressure", "Druck"},
    {"Process started anew", "Neustarts des Geräteprozesses"},
    {"Rate", "Drehrate"},
    {"Readings dropped", "Verworfene Messwerte"},
    {"Readings waiting", "Wartende Messwerte"},
    {"Reason", "Grund"},
    {"Relay", "Relais"},
    {"Requests refused", "Abgelehnte Anforderungen"},
    {"Reset", "Quittieren"},
    {"Second gateway with this id", "Zweites Gateway mit dieser Kennung"},
    {"Sensor temperature", "Sensortemperatur"},
    {"Set force", "Sollkraft"},
    {"Silence for 2 minutes", "2 Minuten Ruhe"},
    {"Skin side temperature", "Temperatur an der Haut"},
    {"Started", "Gestartet"},
    {"Stop", "Stopp"},
    {"Tension", "Zug"},
    {"Therapy gateway %s", "Therapie-Gateway %s"},
    {"Tilt", "Neigung"},
    {"Version", "Version"},
    {"Voltage", "Spannung"},
    {"Way to the broker and back", "Weg zum Broker und zurück"},
};

struct language_table language_de_names(void)
{
	return (struct language_table){names, sizeof names / sizeof *names};
}
