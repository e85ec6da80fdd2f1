/* SPDX-License-Identifier: Apache-2.0
 * Promise: each kind of device is found by what it really publishes, and nothing that anybody publishes makes the list
 * long, the names unprintable or the proposals something that the configuration would refuse. */
#include "discover/announce.h"

#include <stdio.h>
#include <string.h>

#include "base/testing.h"
#include "link/address.h"

static struct found_list list;

static int setup(void **state)
{
	(void)state;
	list = (struct found_list){0};
	return 0;
}

static void hear(const char *topic, const char *payload)
{
	announce_take(&list, topic, (const uint8_t *)payload, strlen(payload));
}

static void assert_found(size_t i, enum found_family family, const char *place, const char *plugin, const char *model)
{
	assert_true(i < list.n);
	assert_int_equal(list.at[i].family, family);
	assert_string_equal(list.at[i].place, place);
	assert_string_equal(list.at[i].plugin, plugin);
	assert_string_equal(list.at[i].model, model);
}

static void tasmota_is_found_by_its_announcement_and_its_last_will(void **state)
{
	(void)state;
	hear("tasmota/discovery/E09806F17F56/config",
	     "{\"ip\":\"192.168.2.71\",\"dn\":\"Pad\",\"fn\":[\"Pad\",null],\"mac\":\"E09806F17F56\",\"md\":\"Athom "
	     "Plug V2\","
	     "\"t\":\"tasmota_F17F56\",\"ft\":\"%prefix%/%topic%/"
	     "\",\"tp\":[\"cmnd\",\"stat\",\"tele\"],\"rl\":[1,0,0],\"ver\":1}");
	hear("tele/tasmota_F17F56/LWT", "Offline");
	hear("tele/old_plug/LWT", "Online");
	hear("tele/somebody/LWT", "I am here");
	assert_int_equal(list.n, 2);
	assert_found(0, FOUND_TASMOTA, "tasmota_F17F56", "heat_pad", "tasmota");
	assert_string_equal(list.at[0].says, "Pad");
	assert_true(list.at[0].offline);
	assert_found(1, FOUND_TASMOTA, "old_plug", "heat_pad", "tasmota");
	assert_false(list.at[1].offline);
}

static void tasmota_that_cannot_be_used_as_it_is_is_said_to(void **state)
{
	(void)state;
	hear("tasmota/discovery/1/config", "{\"t\":\"a\",\"ft\":\"%topic%/%prefix%/\",\"rl\":[1]}");
	hear("tasmota/discovery/2/config", "{\"t\":\"b\",\"ft\":\"%prefix%/%topic%/\",\"rl\":[0]}");
	assert_string_equal(list.at[0].note, "set its full topic to %prefix%/%topic%/");
	assert_found(1, FOUND_TASMOTA, "b", "", "");
}

static void shelly_is_found_by_its_name_or_by_what_it_says(void **state)
{
	(void)state;
	hear("therapy/online", "true"); /* anybody's */
	assert_int_equal(list.n, 0);
	hear("shellyplusplugs-a8032ab12345/online", "true");
	hear("bedroom/events/rpc",
	     "{\"src\":\"shellyplugsg3-1\",\"dst\":\"bedroom/events\",\"method\":\"NotifyStatus\",\"params\":{"
	     "\"ts\":1.5,\"switch:0\":{\"id\":0,\"apower\":2.5}}}");
	hear("bedroom/online", "false");
	hear("shellies/shelly1-ABABAB/online", "true");
	assert_int_equal(list.n, 3);
	assert_found(0, FOUND_SHELLY, "shellyplusplugs-a8032ab12345", "heat_pad", "shelly");
	assert_found(1, FOUND_SHELLY, "bedroom", "heat_pad", "shelly");
	assert_string_equal(list.at[1].note, "");
	assert_true(list.at[1].offline);
	assert_found(2, FOUND_SHELLY, "shelly1-ABABAB", "", "");
}

static void zigbee_devices_are_found_by_what_they_expose(void **state)
{
	(void)state;
	hear("zigbee2mqtt/bridge/devices",
	     "[{\"ieee_address\":\"0x1\",\"type\":\"Coordinator\",\"friendly_name\":\"Coordinator\",\"definition\":"
	     "null},"
	     "{\"type\":\"Router\",\"friendly_name\":\"pad\",\"definition\":{\"vendor\":\"TuYa\",\"model\":\"TS011F\","
	     "\"exposes\":["
	     "{\"type\":\"switch\",\"features\":[{\"type\":\"binary\",\"property\":\"state\"}]},"
	     "{\"type\":\"numeric\",\"property\":\"power\"}]}},"
	     "{\"type\":\"EndDevice\",\"friendly_name\":\"stop\",\"definition\":{\"vendor\":\"IKEA\",\"model\":"
	     "\"E1812\",\"exposes\":["
	     "{\"type\":\"enum\",\"property\":\"action\"}]}},"
	     "{\"type\":\"EndDevice\",\"friendly_name\":\"cold\",\"definition\":{\"exposes\":[{\"type\":\"numeric\","
	     "\"property\":"
	     "\"temperature\"}]}},"
	     "{\"type\":\"EndDevice\",\"friendly_name\":\"new one\",\"definition\":null}]");
	assert_int_equal(list.n, 3);
	assert_found(0, FOUND_ZIGBEE2MQTT, "pad", "generic", "zigbee2mqtt_plug");
	assert_string_equal(list.at[0].says, "TuYa TS011F");
	assert_found(1, FOUND_ZIGBEE2MQTT, "stop", "generic", "zigbee2mqtt_button");
	assert_found(2, FOUND_ZIGBEE2MQTT, "cold", "generic", "zigbee2mqtt_cold_pack");
	assert_int_equal(list.unnamed, 1); /* a blank */
}

static void esphome_is_found_and_its_sensors_say_what_it_is(void **state)
{
	(void)state;
	hear("anybody/status", "online");
	hear("esphome/discover/imu",
	     "{\"ip\":\"192.168.2.72\",\"name\":\"imu\",\"friendly_name\":\"Table\",\"board\":\"esp32dev\"}");
	hear("homeassistant/sensor/imu/tilt/config",
	     "{\"name\":\"tilt\",\"stat_t\":\"imu/sensor/tilt/state\",\"dev\":{\"ids\":\"1\","
	     "\"name\":\"imu\",\"sw\":\"esphome v2025.4\",\"mf\":\"espressif\"}}");
	hear("homeassistant/sensor/x/tilt/config",
	     "{\"stat_t\":\"other/sensor/tilt/state\",\"dev\":{\"mf\":\"Somebody\"}}");
	hear("imu/status", "offline");
	assert_int_equal(list.n, 1);
	assert_found(0, FOUND_ESPHOME, "imu", "inversion_table", "esphome");
	assert_string_equal(list.at[0].says, "Table");
	assert_true(list.at[0].offline);
}

static void boards_of_etc_esphome_say_which_they_are(void **state)
{
	(void)state;
	hear("esphome/discover/therapy-table",
	     "{\"name\":\"therapy-table\",\"friendly_name\":\"Inversion table\","
	     "\"project_name\":\"therapy_gateway.table_tilt\",\"project_version\":\"1\"}");
	hear("esphome/discover/therapy-belt",
	     "{\"name\":\"therapy-belt\",\"project_name\":\"therapy_gateway.belt_force\"}");
	hear("esphome/discover/therapy-pad",
	     "{\"name\":\"therapy-pad\",\"project_name\":\"therapy_gateway.heat_pad\"}");
	hear("esphome/discover/lamp", "{\"name\":\"lamp\",\"project_name\":\"somebody.lamp\"}");
	assert_int_equal(list.n, 4);
	assert_found(0, FOUND_ESPHOME, "therapy-table", "inversion_table", "esphome");
	assert_string_equal(list.at[0].options, "");
	assert_found(1, FOUND_ESPHOME, "therapy-belt", "traction_belt", "hx711");
	assert_string_equal(list.at[1].options, "shows = \"n\";");
	assert_found(2, FOUND_ESPHOME, "therapy-pad", "generic", "esphome_switch");
	assert_found(3, FOUND_ESPHOME, "lamp", "", "");
}

static void two_of_one_name_are_told_and_a_name_is_a_persons(void **state)
{
	static const char plug[] =
	    "{\"dn\":\"%s\",\"mac\":\"%s\",\"md\":\"Plug\",\"t\":\"plug\",\"ft\":\"%%prefix%%/%%topic%%/\","
	    "\"rl\":[1]}";
	char text[200];
	(void)state;
	snprintf(text, sizeof text, plug, "Tasmota", "AA");
	hear("tasmota/discovery/AA/config", text);
	assert_false(list.at[0].named); /* that is what each is called from the factory */
	hear("tasmota/discovery/AA/config", text);
	assert_false(list.at[0].twins);
	snprintf(text, sizeof text, plug, "Pad", "BB");
	hear("tasmota/discovery/BB/config", text);
	assert_int_equal(list.n, 1);
	assert_true(list.at[0].named);
	assert_true(list.at[0].twins);
	assert_non_null(strstr(list.at[0].note, "two devices have this name"));
	hear("esphome/discover/imu", "{\"name\":\"imu\",\"board\":\"esp32dev\",\"mac\":\"CC\"}");
	assert_false(list.at[1].named);
	hear("esphome/discover/imu", "{\"name\":\"imu\",\"friendly_name\":\"Table\",\"mac\":\"DD\"}");
	assert_true(list.at[1].named);
	assert_true(list.at[1].twins);
}

static void theengs_devices_are_found_and_phones_are_not(void **state)
{
	(void)state;
	hear("home/TheengsGateway/BTtoMQTT/A4C138800021",
	     "{\"id\":\"A4:C1:38:80:00:21\",\"name\":\"pack\",\"tempc\":4.5,\"rssi\":-60}");
	hear("home/TheengsGateway/BTtoMQTT/45F68A7686C5",
	     "{\"id\":\"45:F6:8A:76:86:C5\",\"rssi\":-55,\"distance\":0.5}");
	hear("home/omg/BTtoMQTT/AABB", "{\"rot\":12.5,\"tempc\":20}");
	assert_int_equal(list.n, 2);
	assert_found(0, FOUND_THEENGS, "TheengsGateway/BTtoMQTT/A4C138800021", "generic", "theengs_cold_pack");
	assert_found(1, FOUND_THEENGS, "omg/BTtoMQTT/AABB", "inversion_table", "theengs");
}

static void what_is_hostile_is_counted_and_escaped(void **state)
{
	(void)state;
	char topic[400];
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(topic, sizeof topic, "tele/plug%u/LWT", i);
		hear(topic, "Online");
	}
	assert_int_equal(list.n, FOUND_MAX);
	assert_int_equal(list.more, 100000 - FOUND_MAX);
	list = (struct found_list){0};
	snprintf(topic, sizeof topic, "tele/%0300d/LWT", 1);
	hear(topic, "Online");
	hear("tele/a\"; b = \"c/LWT", "Online");
	hear("tele/a\\/LWT", "Online");
	hear("tele/\x1b[2J/LWT", "Online");
	hear("tele/a b/LWT", "Online");
	hear("tele//LWT", "Online");
	assert_int_equal(list.n, 0);
	assert_int_equal(list.unnamed, 6);
	hear("tasmota/discovery/1/config", "{\"t\":\"a\",\"dn\":\"\\u001b[2J\\n\xC3\xA4\",\"rl\":[1]}");
	assert_string_equal(list.at[0].says, "?[2J???");
	static const char *const broken[] = {"{",
					     "[]",
					     "null",
					     "7",
					     "{\"t\":7}",
					     "{\"t\":\"a\\u0000b\"}",
					     "[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]"};
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		hear("tasmota/discovery/1/config", broken[i]);
		hear("zigbee2mqtt/bridge/devices", broken[i]);
		hear("a/events/rpc", broken[i]);
		hear("homeassistant/sensor/a/b/config", broken[i]);
		hear("home/a/BTtoMQTT/b", broken[i]);
		hear("esphome/discover/c", broken[i]);
	}
	for (size_t i = 0; i < list.n; i++) {
		char link[300], why[512];
		struct link_address address;
		snprintf(link, sizeof link, "mqtt:%s", list.at[i].place);
		assert_int_equal(link_address_parse(link, &address, why, sizeof why), 0);
	}
}

static bool taken(const void *user, const char *id)
{
	const char *const *ids = user;
	for (; *ids; ids++)
		if (strcmp(*ids, id) == 0)
			return true;
	return false;
}

static void ids_are_valid_and_nobody_elses(void **state)
{
	(void)state;
	static const char *const ids[] = {"pad", "pad_2", "device", NULL};
	char id[ID_MAX], name[200];
	found_id("Pad", taken, ids, id);
	assert_string_equal(id, "pad_3");
	found_id("/Heiz-Kissen//\xC3\xA4 1/", taken, ids, id);
	assert_string_equal(id, "heiz_kissen_1");
	found_id("///", taken, ids, id);
	assert_string_equal(id, "device_2");
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	found_id(name, taken, ids, id);
	assert_true(id_valid(id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(tasmota_is_found_by_its_announcement_and_its_last_will, setup),
	    cmocka_unit_test_setup(tasmota_that_cannot_be_used_as_it_is_is_said_to, setup),
	    cmocka_unit_test_setup(shelly_is_found_by_its_name_or_by_what_it_says, setup),
	    cmocka_unit_test_setup(zigbee_devices_are_found_by_what_they_expose, setup),
	    cmocka_unit_test_setup(esphome_is_found_and_its_sensors_say_what_it_is, setup),
	    cmocka_unit_test_setup(boards_of_etc_esphome_say_which_they_are, setup),
	    cmocka_unit_test_setup(two_of_one_name_are_told_and_a_name_is_a_persons, setup),
	    cmocka_unit_test_setup(theengs_devices_are_found_and_phones_are_not, setup),
	    cmocka_unit_test_setup(what_is_hostile_is_counted_and_escaped, setup),
	    cmocka_unit_test_setup(ids_are_valid_and_nobody_elses, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
