"""Writes the script of a year from its seed: everything is settled before anything is played."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from gateway.year import wording
from gateway.year.figures import Fate, Figures
from gateway.year.script import Announcement, Ballot, Course, Later, Matter, Remark, Saying, Script
from gateway.year.shaping import shaped
from gateway.year.texts import Writer
from roster.importing import Entry
from routing.calendar import Calendar

HOUR = 3_600.0
DAY = 24 * HOUR
LAST_CALL = time(14, 0)  # what is texted by then is assigned the same working day
CLOSING = 18  # working days before the end of the year after which nothing that is to be closed begins
POLLED = 4  # days that a poll is open
SECOND_MATTERS = 0.08  # share of matters told by somebody who has told one before


def written(
    figures: Figures, seed: int, start: date, people: Sequence[Entry], opting_out: Sequence[str], calendar: Calendar,
    zone: ZoneInfo,
) -> Script:  # fmt: skip
    """The year from `start`. `people` are informants whose phones work and who stay."""
    return _Year(figures, seed, start, people, opting_out, calendar, zone).script()


class _Year:
    def __init__(
        self, figures: Figures, seed: int, start: date, people: Sequence[Entry], opting_out: Sequence[str],
        calendar: Calendar, zone: ZoneInfo,
    ) -> None:  # fmt: skip
        self.chance = Random(f"year {seed}")  # noqa: S311 - repeatable on purpose
        self.figures, self.zone, self.calendar, self.opting_out = figures, zone, calendar, opting_out
        self.start, self.end = start, start.replace(year=start.year + 1)
        days = (start + timedelta(days=n) for n in range((self.end - start).days))
        self.days = [day for day in days if calendar.is_working_day(day)]
        self.people = list(people)
        self.chance.shuffle(self.people)
        self.writer = Writer(self.chance)
        self.serial = self.sayings = 0  # of matters and texts

    def script(self) -> Script:
        """Everything, with shapes dealt out at the end."""
        matters = self._assigned()
        matters += self._suggestions() + self._answered() + self._refused() + self._channels()
        matters = self._with_golden(matters)
        matters += self._repeated(matters)
        matters = self._followed(self._told_again(self._at_length(matters)))
        remarks = self._commands(matters) + self._noise()
        week = self._moment(self.days[len(self.days) // 2], 0)
        script = Script(
            self._moment(self.start, 0), self._moment(self.end, 0), self.figures,
            tuple(sorted(matters, key=lambda one: one.at)), tuple(remarks), self._announcements(),
            (week, week + timedelta(days=7)),
        )  # fmt: skip
        return shaped(script, self.chance)

    # -------------------------------------------------------------------------------------------------- assigned

    def _assigned(self) -> list[Matter]:
        of, last = self.figures, len(self.days) - 1
        found: list[Matter] = []
        some_urgent, some_conduct = max(1, of.green // 80), max(1, of.green // 20)
        for n in range(of.green):
            pool = wording.EMERGENCIES if n < some_urgent else wording.CONDUCT if n < some_urgent + some_conduct else ()
            found.append(self._matter(self.chance.randint(1, last - CLOSING), self._green(n, bool(pool)), pool))
        found += [self._matter(self.chance.randint(1, last - 33), self.chance.choice((6, 7, 8, 10, 12, 14, 15)))
                  for _ in range(of.yellow)]  # fmt: skip
        found += [self._matter(self.chance.randint(1, last - 40), self.chance.randint(16, 22)) for _ in range(of.red)]
        found = self._rated(found)
        suspended = of.open_green // 2
        for _ in range(suspended):
            matter = self._matter(last - self.chance.randint(8, 48), None)
            found.append(replace(matter, course=replace(matter.course, suspended=True)))
        late = (
            *((0, 4) for _ in range(of.open_green - suspended)),
            *((6, 15) for _ in range(of.open_yellow)),
            *((16, 24) for _ in range(of.open_red)),
        )
        return found + [self._matter(last - self.chance.randint(*between), None) for between in late]

    def _green(self, n: int, special: bool) -> int:
        """How many working days an answer in time takes; some are given on the last one."""
        return 1 if special else 5 if n % 12 == 0 else self.chance.choice((1, 2, 2, 3, 3, 4))

    def _matter(self, day: int, days: int | None, pool: Sequence[wording.Subject] = ()) -> Matter:
        chosen = tuple(pool) or wording.DIFFICULTIES
        subject = self.chance.choice(chosen)
        who = self._somebody()
        conduct, urgent = chosen is wording.CONDUCT, chosen is wording.EMERGENCIES
        course = Course(
            kind="举报" if conduct else "求助" if self.chance.random() < 0.7 else "投诉",
            topic=subject.topic,
            place=_place(who),
            lead=subject.lead or who.township,
            co=(subject.co,) if subject.co and self.chance.random() < 0.4 else (),
            days=days,
            silent=days not in (0, 1) and self.chance.random() < 0.05,
            slow_leader=conduct and self.chance.random() < 0.2,
            sent_back=self.chance.choice("epy") if days is not None and days > 2 and self.chance.random() < 0.1 else "",
            reply=self.chance.choice(subject.replies),
            outcome="已解决" if self.chance.random() < 0.8 else "部分解决",
            urgency="emergency" if urgent else "",
        )
        return self._new(self._before(day), who, Fate.ASSIGNED, self.writer.matter(subject, _place(who)), course)

    def _rated(self, matters: list[Matter]) -> list[Matter]:
        """Who answers the survey, and how; the others stay silent."""
        of = self.figures
        values = [1] * of.satisfied + [2] * of.basically + [3] * of.dissatisfied
        values += [0] * (len(matters) - len(values))
        self.chance.shuffle(values)
        return [self._asked(matter, value) if value else matter for matter, value in zip(matters, values, strict=True)]

    def _asked(self, matter: Matter, value: int) -> Matter:
        after = self.chance.choice((0.2, 0.5, 2, 5, 20, 30, 50)) * HOUR
        return replace(matter, asked=Later(after, self._say(Fate.RATING, self.writer.rating(value), value)))

    # ------------------------------------------------------------------------------------- suggestions, inquiries, …

    def _suggestions(self) -> list[Matter]:
        found = []
        for fate in (Fate.ADOPTED, Fate.KEPT):
            for _ in range(self.figures.fates[fate]):
                subject, who = self.chance.choice(wording.SUGGESTIONS), self._somebody()
                adopted = fate is Fate.ADOPTED
                course = Course(
                    kind="建议", topic=subject.topic, place=_place(who), lead=subject.lead,
                    days=self.chance.randint(1, 4), reply=subject.replies[0 if adopted else 1],
                    outcome="已采用" if adopted else "留存",
                )  # fmt: skip
                words = self.writer.matter(subject, _place(who))
                matter = self._new(self._before(self._any_day()), who, fate, words, course)
                found.append(self._asked(matter, 1) if self.chance.random() < 0.3 else matter)
        return found

    def _answered(self) -> list[Matter]:
        found = []
        for _ in range(self.figures.fates[Fate.ANSWERED]):
            subject, who = self.chance.choice(wording.INQUIRIES), self._somebody()
            course = Course(
                kind="咨询", topic=subject.topic, place=_place(who), reply=self.chance.choice(subject.replies)
            )
            words = self.writer.matter(subject, _place(who))
            matter = self._new(self._before(self._any_day()), who, Fate.ANSWERED, words, course)
            found.append(self._asked(matter, 1) if self.chance.random() < 0.3 else matter)
        return found

    def _refused(self) -> list[Matter]:
        found = []
        for _ in range(self.figures.fates[Fate.REJECTED]):
            code, who = self.chance.choice(sorted(wording.REFUSED)), self._somebody()
            words = self.writer.plain(wording.REFUSED[code], _place(who))
            found.append(self._new(self._before(self._any_day()), who, Fate.REJECTED, words, Course(code=code)))
        return found

    def _channels(self) -> list[Matter]:
        """What operators type in: half is answered at once, half is handled; four in ten left a phone number."""
        found = []
        for channel, count in self.figures.channels.items():
            for n in range(count):
                who = self.chance.choice(self.people)
                inquiry = n % 2 == 0
                subject = self.chance.choice(wording.INQUIRIES if inquiry else wording.DIFFICULTIES)
                course = Course(
                    kind="咨询" if inquiry else "求助", topic=subject.topic, place=_place(who),
                    lead=subject.lead or who.township, days=self.chance.randint(1, 4),
                    reply=self.chance.choice(subject.replies), outcome="已解决",
                )  # fmt: skip
                opening = self._say(
                    Fate.ANSWERED if inquiry else Fate.ASSIGNED, self.writer.matter(subject, _place(who))
                )
                at = self._moment(self.days[self._any_day()], self.chance.uniform(9.2, 11))
                number = f"1390009{self.serial:04d}" if self.chance.random() < 0.4 else ""
                self.serial += 1
                found.append(Matter(self.serial, at, number, channel, opening, course))
        return found

    def _repeated(self, matters: Sequence[Matter]) -> list[Matter]:
        """What several tell: merged with the first."""
        masters = [one for one in matters if one.opening.fate is Fate.ASSIGNED and one.channel == "sms"]
        masters = [one for one in masters if not one.course.urgency and one.course.kind != "举报"]
        masters = [one for one in masters if one.at < self._moment(self.days[-2], 0)]
        golden = [one for one in masters if one.opening.words == wording.GOLDEN_ROAD]
        again = iter(wording.GOLDEN_ROAD_AGAIN if golden else ())
        found = []
        for _ in range(self.figures.fates[Fate.MERGED]):
            words = next(again, "")
            master = golden[0] if words else self.chance.choice(masters)
            limit = self._moment(self.days[-1], 11)
            at = min(master.at + timedelta(hours=self.chance.uniform(1, 72)), limit + timedelta(seconds=self.serial))
            subject = next(
                (one for one in wording.DIFFICULTIES if one.topic == master.course.topic), wording.DIFFICULTIES[0]
            )
            words = words or self.writer.matter(subject, master.course.place)
            new = self._new(at, self._somebody(), Fate.MERGED, words, Course())
            found.append(replace(new, master=master.serial))
        return found

    def _at_length(self, matters: list[Matter]) -> list[Matter]:
        """So many are told in several parts."""
        able = [one for one in matters if one.channel == "sms" and one.opening.words not in wording.GOLDEN]
        long = {one.serial for one in self.chance.sample(able, self.figures.long)}
        return [
            replace(one, opening=replace(one.opening, words=self.writer.longer(one.opening.words, one.course.topic)))
            if one.serial in long
            else one
            for one in matters
        ]

    def _told_again(self, matters: list[Matter]) -> list[Matter]:
        """Some have told another matter before, which may still be open."""
        first = [one for one in matters if one.opening.fate is Fate.ASSIGNED and one.channel == "sms"]
        later = [one for one in matters if one.opening.fate in (Fate.KEPT, Fate.ANSWERED, Fate.ADOPTED)]
        later = [one for one in later if one.channel == "sms" and one.opening.words not in wording.GOLDEN]
        firsts: dict[int, Matter] = {}
        for one in self.chance.sample(later, min(len(later), round(SECOND_MATTERS * len(matters)))):
            taken = {first.number for first in firsts.values()}
            able = [other for other in first if timedelta(hours=3) < one.at - other.at < timedelta(days=40)]
            able = [other for other in able if other.number not in taken and other.thanked is None]
            if able:
                firsts[one.serial] = self.chance.choice(able)
        return [_as_told_by(one, firsts[one.serial]) if one.serial in firsts else one for one in matters]

    # --------------------------------------------------------------------------------------------------- what follows

    def _followed(self, matters: list[Matter]) -> list[Matter]:
        """Follow-ups, while the unit works on it; thanks, when it is over."""
        by_serial = {one.serial: one for one in matters}
        last = self._moment(self.days[-2], 0)  # who asks on does so within the year
        able = [one for one in matters if one.channel == "sms" and _is_slow(one.course) and one.at < last]
        for one in self.chance.sample(able, self.figures.fates[Fate.FOLLOW_UP]):
            words = self.writer.follow_up(one.course.place, one.course.topic)
            told = Later(self.chance.uniform(0.5, 14) * HOUR, self._say(Fate.FOLLOW_UP, words))
            by_serial[one.serial] = replace(by_serial[one.serial], told=told)
        thanks = (later for one in matters for later in (one.asked, one.thanked) if later is not None)
        done = sum(later.saying.fate is Fate.THANKS for later in thanks)
        before = self._moment(self.days[-1 - 2 * CLOSING], 0)
        often = Counter(one.number for one in matters)
        happy = [one for one in matters if one.asked and one.asked.saying.value in (1, 2) and one.thanked is None]
        happy = [one for one in happy if often[one.number] == 1]  # whose thanks can only mean one
        happy = [one for one in happy if one.at < before and one.asked and one.asked.saying.fate is Fate.RATING]
        for one in self.chance.sample(happy, min(len(happy), self.figures.fates[Fate.THANKS] - done)):
            thanked = Later(self.chance.uniform(0.1, 20) * DAY, self._say(Fate.THANKS, self.writer.thanks()))
            by_serial[one.serial] = replace(by_serial[one.serial], thanked=thanked)
        return list(by_serial.values())

    def _commands(self, matters: Sequence[Matter]) -> list[Remark]:
        remarks = []
        left = [(self._any_moment(0.2, 0.6), number) for number in self.opting_out]
        remarks += [Remark(at, number, self._command("TD")) for at, number in left]
        back = self.figures.commands["KT"]
        remarks += [Remark(at + timedelta(days=30), number, self._command("KT")) for at, number in left[:back]]
        curious = [one for one in matters if one.channel == "sms" and one.course.days is None and not one.master]
        for _ in range(self.figures.commands["CX"]):
            one = self.chance.choice(curious)
            at = min(one.at + timedelta(hours=5, minutes=self.chance.randint(0, 600)), self._moment(self.days[-1], 20))
            remarks.append(Remark(at, one.number, self._command("CX")))
        remarks += [Remark(self._any_moment(0.1, 0.9), self._somebody().phone[-11:], self._command("BZ"))
                    for _ in range(self.figures.commands["BZ"])]  # fmt: skip
        refused = [one for one in matters if one.opening.fate is Fate.REJECTED]
        remarks += [Remark(one.at + timedelta(days=5), one.number, self._command("SS"))
                    for one in refused[: self.figures.commands["SS"]]]  # fmt: skip
        missing = back - len(left[:back])  # where nobody left nobody comes back
        remarks += [Remark(self._any_moment(0.1, 0.9), self._somebody().phone[-11:], self._command("KT"))
                    for _ in range(missing)]  # fmt: skip
        return remarks

    def _command(self, name: str) -> Saying:
        spelled = {
            "TD": ("TD", "退订", "td"),
            "CX": ("CX", "查询", "cx"),
            "KT": ("KT",),
            "BZ": ("BZ", "帮助"),
            "SS": ("SS",),
        }
        return self._say(Fate.COMMAND, self.chance.choice(spelled[name]))

    def _noise(self) -> list[Remark]:
        remarks = []
        for n in range(self.figures.fates[Fate.NOISE]):
            strange = n % 3 == 2
            number = f"1590009{n:04d}" if strange else self._somebody().phone[-11:]
            words = self.chance.choice(wording.STRANGE if strange else wording.NOISE)
            remarks.append(Remark(self._any_moment(0.05, 0.95), number, self._say(Fate.NOISE, words)))
        return remarks

    def _announcements(self) -> tuple[Announcement, ...]:
        """Notices spread over the working days, polls among them."""
        topics = [
            topic for topic, count in zip(wording.NOTICES, self.figures.topics, strict=True) for _ in range(count)
        ]
        self.chance.shuffle(topics)
        polls = self._polls_among(topics)
        found = []
        for n, topic in enumerate(topics):
            day = self.days[(2 * n + 1) * len(self.days) // (2 * len(topics))]
            at = self._moment(day, self.chance.uniform(9, 16)) if n else self._moment(self.days[0], 9)
            body = self.chance.choice(wording.NOTICES[topic]).format(month=day.month, n=n + 1)
            one = Announcement(at, topic, f"{topic}{n + 1}", body)
            found.append(self._poll(one, polls[n]) if n in polls else one)
        return tuple(found)

    def _polls_among(self, topics: Sequence[str]) -> dict[int, int]:
        """Which notice is which poll: of its topic, and apart from each other, for nobody is asked twice at a time."""
        found: dict[int, int] = {}
        for poll in range(len(self.figures.votes)):
            ideal = (poll + 0.5) * len(topics) / len(self.figures.votes)
            able = [n for n, topic in enumerate(topics) if topic == wording.POLLS[poll][0] and n not in found]
            last = len(topics) - 3  # there must be days left to vote on
            found[min(able, key=lambda n: (not 0 < n < last, abs(n - ideal)))] = poll
        return found

    def _poll(self, one: Announcement, poll: int) -> Announcement:
        _, question, road = wording.POLLS[poll]
        villages = self._along_the_road() if road else ()
        able = [who for who in self.people if who.village in villages or not villages]
        ballots = []
        for option, count in enumerate(self.figures.votes[poll], 1):
            for _ in range(count):
                saying = self._say(Fate.VOTE, self.writer.vote(option), option)
                ballots.append(Ballot(self.chance.uniform(0.1, 60) * HOUR, able.pop().phone[-11:], saying))
        voting = {ballot.number for ballot in ballots}
        self.people = [who for who in self.people if who.phone[-11:] not in voting]
        until = one.at.date() + timedelta(days=POLLED)
        return replace(one, body=question, villages=villages, until=until, votes=tuple(ballots))

    def _along_the_road(self) -> tuple[str, ...]:
        villages = sorted({who.village for who in self.people})
        return tuple(villages[:: max(1, len(villages) // 23)][:23])

    # ----------------------------------------------------------------------------------------------------------- golden

    def _with_golden(self, matters: list[Matter]) -> list[Matter]:
        """The matters that the county's own papers tell take the place of invented ones."""
        of2014 = self.start == date(2014, 5, 1)
        taken: set[int] = set()
        for fate, words, lead, co, days in (
            (Fate.ASSIGNED, wording.GOLDEN_HUKOU, "县公安局", ("屯庄营乡",), 5),
            (Fate.ASSIGNED, wording.GOLDEN_SCHOOL, "交警大队", ("县教育局",), 4),
            (Fate.ASSIGNED, wording.GOLDEN_ROAD, "县交通局", ("交警大队",), 5),
            (Fate.ADOPTED, wording.GOLDEN_CONTRACT, "县农工委", (), 4),
        ):
            able = (one for one in matters if one.opening.fate is fate and one.channel == "sms" and _is_plain(one))
            one = next((one for one in able if one.serial not in taken), None)
            if one is None:
                continue
            taken.add(one.serial)
            course = replace(one.course, lead=lead, co=co, days=days, method="会办" if co else "", silent=False)
            new = replace(one, opening=replace(one.opening, words=words), course=course)
            if words == wording.GOLDEN_SCHOOL and of2014:
                new = replace(new, at=datetime(2014, 10, 10, 12, tzinfo=self.zone))
            if words == wording.GOLDEN_SCHOOL:
                new = replace(new, thanked=Later(20 * DAY, self._say(Fate.THANKS, wording.GOLDEN_SCHOOL_THANKS)))
            if words == wording.GOLDEN_HUKOU and one.asked is not None:  # his thanks are his rating
                new = replace(new, asked=Later(HOUR, self._say(Fate.THANKS, wording.GOLDEN_HUKOU_THANKS, 1)))
            matters[matters.index(one)] = new
        return matters

    # ----------------------------------------------------------------------------------------------------- people, time

    def _new(self, at: datetime, who: Entry, fate: Fate, words: str, course: Course) -> Matter:
        self.serial += 1
        return Matter(self.serial, at, who.phone[-11:], "sms", self._say(fate, words), course)

    def _say(self, fate: Fate, words: str, value: int = 0) -> Saying:
        self.sayings += 1
        return Saying(self.sayings, fate, words, value)

    def _somebody(self) -> Entry:
        """Somebody who has not told anything yet."""
        return self.people.pop()

    def _any_day(self) -> int:
        return self.chance.randint(1, len(self.days) - 1 - CLOSING)

    def _any_moment(self, since: float, until: float) -> datetime:
        day = self.days[int(self.chance.uniform(since, until) * len(self.days))]
        return self._moment(day, self.chance.uniform(7, 22))

    def _before(self, day: int) -> datetime:
        """A moment, at any hour, after which the next assignment is that of this working day."""
        last = self._moment(self.days[day], LAST_CALL.hour)
        first = self._moment(self.days[day - 1], LAST_CALL.hour)
        if self.chance.random() < 0.75:
            return self._moment(self.days[day], self.chance.uniform(7, LAST_CALL.hour))
        return first + (last - first) * self.chance.random()

    def _moment(self, day: date, hour: float) -> datetime:
        return datetime.combine(day, time(), self.zone) + timedelta(seconds=round(hour * HOUR))


def _place(who: Entry) -> str:
    return f"{who.township}{who.village}"


def _as_told_by(matter: Matter, first: Matter) -> Matter:
    """The same matter, but of whoever told the first one; everybody speaks of their own village."""
    words = matter.opening.words.replace(matter.course.place, first.course.place)
    opening, course = replace(matter.opening, words=words), replace(matter.course, place=first.course.place)
    return replace(matter, number=first.number, opening=opening, course=course)


def _is_slow(course: Course) -> bool:
    """Long enough at a unit for somebody to ask about it."""
    return bool(course.kind) and course.kind != "咨询" and (course.days is None or course.days >= 2)


def _is_plain(matter: Matter) -> bool:
    """May be told otherwise: answered in time, by the unit itself, and found good."""
    course = matter.course
    rated_well = matter.asked is not None and matter.asked.saying.value in (1, 2)
    fit = course.days in (1, 2, 3, 4, 5) and not (course.urgency or course.slow_leader or course.kind == "举报")
    return fit and (rated_well or course.kind == "建议")
