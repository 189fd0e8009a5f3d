"""The text of the templates. ``<SHOP>`` and ``<OTHER>`` stand for categories, ``<HALL>`` for a zone with screens."""

from __future__ import annotations

LIFE_CYCLE = """\
# Life cycle: a welcome on the first visit, a reason for the second, and a call back for who has not come for long.
schema = "atrium.campaigns.v1"
currency = "EUR"

[[pools]]
id = "WELCOME-GIFT"
title = "A tote bag at the information desk"
kind = "gift"
cost = 2.0
stock = 2000

[[pools]]
id = "COME-BACK-10"
title = "10 off from 40 on"
kind = "amount"
value = 10.0
least_spend = 40.0
valid_hours = 12

[[campaigns]]
id = "welcome"
version = 1
name = "Welcome on the first visit"
scene = "life_cycle"
coupon = "WELCOME-GIFT"
wording = "Welcome! A tote bag waits for you at the information desk."
once = "campaign"            # once in a lifetime
holdout_percent = 20         # these get nothing, so that the others can be compared with them
group = "life-cycle"         # of one group a member gets one offer a day
priority = 80
conditions = [
    { kind = "nth_visit", number = 1 },
    { kind = "entered", within_minutes = 30 },
]

[[campaigns]]
id = "second-visit"
version = 1
name = "Glad you are back"
scene = "life_cycle"
coupon = "COME-BACK-10"
wording = "Good to see you again: 10 off from 40 on, today only."
once = "campaign"
holdout_percent = 20
group = "life-cycle"
priority = 70
conditions = [
    { kind = "nth_visit", number = 2 },
    { kind = "entered", within_minutes = 30 },
]

[[campaigns]]
id = "long-time-no-see"
version = 1
name = "Back after two months"
scene = "life_cycle"
coupon = "COME-BACK-10"
wording = "We missed you: 10 off from 40 on, today only."
once = "month"
holdout_percent = 20
group = "life-cycle"
priority = 60
conditions = [
    { kind = "absent", days = 60 },
    { kind = "entered", within_minutes = 30 },
]
"""

SPEND_AND_GET = """\
# Spend and get: who has spent enough today gets something for it.
schema = "atrium.campaigns.v1"
currency = "EUR"

[[pools]]
id = "PARK-2H"
title = "Two hours of parking"
kind = "parking"
value = 2
cost = 3.0
valid_hours = 12
stack = "parking"            # of one stack only one counts on one sale

[[campaigns]]
id = "park-free"
version = 1
name = "Two hours of parking from 60 on"
scene = "spend_and_get"
coupon = "PARK-2H"
wording = "Thank you! Two hours of parking are on us today."
channel = "sms"
holdout_percent = 10
budget = 900.0               # of the currency, what the coupons may cost in all
conditions = [
    # of today, refunds taken off; add category, zone or tenant to count only some shops
    { kind = "spent", at_least = 60.0 },
    { kind = "window", from = "10:00", to = "21:00" },
]
"""

RELATED_SHOPS = """\
# Related shops: who has looked around in one kind of shop, and not yet been in another that goes well with it.
schema = "atrium.campaigns.v1"
currency = "EUR"

[[pools]]
id = "NEXT-10"
title = "10 % off in <OTHER>"
kind = "percent"
value = 10
ceiling = 8.0
valid_hours = 4

[[pools]]
id = "PAIR-20"
title = "20 % off both, from 25 in each of two shops"
kind = "percent"
value = 20
ceiling = 20.0
valid_hours = 8
bundle = { shops = 2, spend_each = 25.0 }

[[campaigns]]
id = "next-door"
version = 1
name = "From <SHOP> to <OTHER>"
scene = "related_shops"
coupon = "NEXT-10"
wording = "Next stop <OTHER>: 10 % off for you."
holdout_percent = 10
group = "related"
priority = 50
conditions = [
    { kind = "visited", category = "<SHOP>", minutes = 5, within_minutes = 45 },
    { kind = "not_visited", category = "<OTHER>", grace_s = 60 },
]

[[campaigns]]
id = "both"
version = 1
name = "<SHOP>, then <OTHER>"
scene = "related_shops"
coupon = "PAIR-20"
wording = "You know both now: 20 % off when you buy in two shops today."
holdout_percent = 10
group = "related"
priority = 60
conditions = [
    # within so many minutes of leaving the first they entered the last
    { kind = "sequence", places = [{ category = "<SHOP>" }, { category = "<OTHER>" }], within_minutes = 30 },
]
"""

ANNIVERSARY = """\
# Anniversary: a birthday month, and the day on which somebody became a member.
schema = "atrium.campaigns.v1"
currency = "EUR"

[[pools]]
id = "BIRTHDAY-CAKE"
title = "A piece of cake"
kind = "gift"
cost = 3.5

[[pools]]
id = "YEARS-15"
title = "15 % off"
kind = "percent"
value = 15
ceiling = 30.0
valid_hours = 72

[[campaigns]]
id = "birthday"
version = 1
name = "Birthday month"
scene = "anniversary"
coupon = "BIRTHDAY-CAKE"
wording = "It is your month: a piece of cake is on us."
once = "campaign"
cool_down_hours = 2          # after any offer, none of this for so long
holdout_percent = 10
conditions = [
    { kind = "birthday" },
    { kind = "entered", within_minutes = 120 },
]

[[campaigns]]
id = "member-day"
version = 1
name = "Another year together"
scene = "anniversary"
coupon = "YEARS-15"
wording = "Another year with us: 15 % off to celebrate."
once = "week"
holdout_percent = 10
conditions = [
    { kind = "anniversary", days = 3 },   # give or take three days
    { kind = "entered", within_minutes = 120 },
]
"""

ENTERING = """\
# Entering the mall: who has just come in, and by which way. The ways are named by your own signed codes, and "parking".
schema = "atrium.campaigns.v1"
currency = "EUR"

[[pools]]
id = "NEIGHBOUR-5"
title = "5 off from 25 on"
kind = "amount"
value = 5.0
least_spend = 25.0
valid_hours = 6

[[campaigns]]
id = "neighbours"
version = 1
name = "Neighbours coming in"
scene = "entering"
coupon = "NEIGHBOUR-5"
wording = "Hello neighbour: 5 off from 25 on, today."
holdout_percent = 10
once = "week"
caps = { per_day = 300 }
conditions = [
    { kind = "arrived_by", any = ["housing-estate", "parking"] },
    { kind = "entered", within_minutes = 15 },
    { kind = "window", from = "10:00", to = "20:00" },
]
"""

TIME_OF_DAY = """\
# Time of day: lunch for who browses as noon comes, and its mirror, shopping for who had lunch.
schema = "atrium.campaigns.v1"
currency = "EUR"

[[pools]]
id = "LUNCH-15"
title = "15 % off your lunch"
kind = "percent"
value = 15
ceiling = 6.0
valid_hours = 3

[[pools]]
id = "AFTERNOON-10"
title = "10 % off in <SHOP>"
kind = "percent"
value = 10
ceiling = 15.0
valid_hours = 5

[[campaigns]]
id = "lunch"
version = 1
name = "Lunch after <SHOP>"
scene = "time_of_day"
coupon = "LUNCH-15"
wording = "Hungry? 15 % off your lunch until two."
holdout_percent = 10
group = "noon"
conditions = [
    { kind = "window", from = "11:00", to = "14:00" },
    { kind = "dwell", category = "<SHOP>", minutes = 10 },
    { kind = "not_visited", category = "<OTHER>", grace_s = 60 },
]

[[campaigns]]
id = "after-lunch"
version = 1
name = "<SHOP> after lunch"
scene = "time_of_day"
coupon = "AFTERNOON-10"
wording = "A walk after lunch? 10 % off in <SHOP> this afternoon."
holdout_percent = 10
group = "noon"
priority = 40
conditions = [
    { kind = "window", from = "13:00", to = "17:00" },
    { kind = "visited", category = "<OTHER>", minutes = 15, within_minutes = 60 },
    { kind = "not_visited", category = "<SHOP>", grace_s = 60 },
]
"""

ONE_OFF = """\
# One-off: a few named members, on given days, once.
schema = "atrium.campaigns.v1"
currency = "EUR"

[[pools]]
id = "SORRY-20"
title = "20 off, with our apologies"
kind = "amount"
value = 20.0
stock = 50

[[campaigns]]
id = "apology"
version = 1
name = "The lift that stood still"
scene = "one_off"
coupon = "SORRY-20"
wording = "The lift kept you waiting. Please accept 20 off your next purchase."
once = "campaign"
conditions = [
    { kind = "members", ids = ["M-1042", "M-1077"] },   # take from the mall's own list
    { kind = "entered", within_minutes = 60 },
]
"""

SCREEN = """\
# Screens: for everybody in a zone, member or not, when enough people are there. A screen knows nobody.
schema = "atrium.campaigns.v1"
currency = "EUR"

[[pools]]
id = "SCREEN-10"
title = "10 % off lunch, say it at the till"
kind = "percent"
value = 10
ceiling = 5.0

[[campaigns]]
id = "busy-hall"
version = 1
name = "Lunch on the screens of a full hall"
scene = "screen"
audience = "screen"
channel = "screen"
zone = "<HALL>"
coupon = "SCREEN-10"
wording = "10 % off lunch until two"
conditions = [
    { kind = "window", from = "11:30", to = "14:00" },
    { kind = "crowd", zone = "<HALL>", at_least = 20 },
]
"""

TEMPLATES = {
    "life_cycle": LIFE_CYCLE,
    "spend_and_get": SPEND_AND_GET,
    "related_shops": RELATED_SHOPS,
    "anniversary": ANNIVERSARY,
    "entering": ENTERING,
    "time_of_day": TIME_OF_DAY,
    "one_off": ONE_OFF,
    "screen": SCREEN,
}
