<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="en">
<context>
    <name></name>
    <message numerus="yes">
        <source>%n act(s) that had been interrupted brought to an end: {summaries}.</source>
        <translation>
            <numerusform>%n act that had been interrupted was brought to an end: {summaries}.</numerusform>
            <numerusform>%n acts that had been interrupted were brought to an end: {summaries}.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n change(s)</source>
        <translation>
            <numerusform>%n change</numerusform>
            <numerusform>%n changes</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n change(s) held back</source>
        <translation>
            <numerusform>%n change held back</numerusform>
            <numerusform>%n changes held back</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n changed since this was opened, and lost the tick. Close this and look anew to remove it.</source>
        <translation>
            <numerusform>%n has changed since this was opened, and lost the tick. Close this and look anew to remove it.</numerusform>
            <numerusform>%n have changed since this was opened, and lost the tick. Close this and look anew to remove it.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n container(s)</source>
        <translation>
            <numerusform>%n container</numerusform>
            <numerusform>%n containers</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n directory(ies) watched.</source>
        <translation>
            <numerusform>%n directory is watched.</numerusform>
            <numerusform>%n directories are watched.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n ended in a mistake of racewatch: unknown how far it came, look at it.</source>
        <translation>
            <numerusform>%n ended in a mistake of racewatch: unknown how far it came, look at it.</numerusform>
            <numerusform>%n ended in a mistake of racewatch: unknown how far they came, look at them.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n line(s) are hidden by the search or the choices above.</source>
        <translation>
            <numerusform>%n line is hidden by the search or the choices above.</numerusform>
            <numerusform>%n lines are hidden by the search or the choices above.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n line(s) of the history</source>
        <translation>
            <numerusform>%n line of the history</numerusform>
            <numerusform>%n lines of the history</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n lock(s)</source>
        <translation>
            <numerusform>%n lock</numerusform>
            <numerusform>%n locks</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n need attention</source>
        <translation>
            <numerusform>%n needs attention</numerusform>
            <numerusform>%n need attention</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n of them cannot be undone; the others can, from here and from the History, while their names are free.</source>
        <translation>
            <numerusform>%n of them cannot be undone; the others can, from here and from the History, while their names are free.</numerusform>
            <numerusform>%n of them cannot be undone; the others can, from here and from the History, while their names are free.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n owner(s) followed.</source>
        <translation>
            <numerusform>%n owner is followed.</numerusform>
            <numerusform>%n owners are followed.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n place(s) could not be seen</source>
        <translation>
            <numerusform>%n place could not be seen</numerusform>
            <numerusform>%n places could not be seen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n process(es) could not be looked into.</source>
        <translation>
            <numerusform>%n process could not be looked into.</numerusform>
            <numerusform>%n processes could not be looked into.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n process(es) could not be looked into; root could.</source>
        <translation>
            <numerusform>%n process could not be looked into; root could.</numerusform>
            <numerusform>%n processes could not be looked into; root could.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n process(es) hold “{name}”</source>
        <translation>
            <numerusform>%n process holds “{name}”</numerusform>
            <numerusform>%n processes hold “{name}”</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n put back.</source>
        <translation>
            <numerusform>%n put back.</numerusform>
            <numerusform>%n put back.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n removals have ended</source>
        <translation>
            <numerusform>%n removal has ended</numerusform>
            <numerusform>%n removals have ended</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n socket(s)</source>
        <translation>
            <numerusform>%n socket</numerusform>
            <numerusform>%n sockets</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n source(s) work</source>
        <translation>
            <numerusform>%n source works</numerusform>
            <numerusform>%n sources work</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n stale</source>
        <translation>
            <numerusform>%n stale</numerusform>
            <numerusform>%n stale</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n stale container(s)</source>
        <translation>
            <numerusform>%n stale container</numerusform>
            <numerusform>%n stale containers</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n stale lock(s)</source>
        <translation>
            <numerusform>%n stale lock</numerusform>
            <numerusform>%n stale locks</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n stale socket(s)</source>
        <translation>
            <numerusform>%n stale socket</numerusform>
            <numerusform>%n stale sockets</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n thing(s)</source>
        <translation>
            <numerusform>%n thing</numerusform>
            <numerusform>%n things</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n things were left over</source>
        <translation>
            <numerusform>%n thing was left over</numerusform>
            <numerusform>%n things were left over</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n unknown container(s)</source>
        <translation>
            <numerusform>%n unknown container</numerusform>
            <numerusform>%n unknown containers</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n unknown lock(s)</source>
        <translation>
            <numerusform>%n unknown lock</numerusform>
            <numerusform>%n unknown locks</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n unknown socket(s)</source>
        <translation>
            <numerusform>%n unknown socket</numerusform>
            <numerusform>%n unknown sockets</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Break %n lock(s)</source>
        <translation>
            <numerusform>Break %n lock</numerusform>
            <numerusform>Break %n locks</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Delete %n container(s)</source>
        <translation>
            <numerusform>Delete %n container</numerusform>
            <numerusform>Delete %n containers</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Held open by {names} and %n more.</source>
        <translation>
            <numerusform>Held open by {names} and %n more.</numerusform>
            <numerusform>Held open by {names} and %n more.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>It takes about %n second(s), and two processors while it runs.</source>
        <translation>
            <numerusform>It takes about %n second, and two processors while it runs.</numerusform>
            <numerusform>It takes about %n seconds, and two processors while it runs.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>News of %n things that you wait for</source>
        <translation>
            <numerusform>News of %n thing that you wait for</numerusform>
            <numerusform>News of %n things that you wait for</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Remove %n socket(s)</source>
        <translation>
            <numerusform>Remove %n socket</numerusform>
            <numerusform>Remove %n sockets</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Remove %n thing(s)</source>
        <translation>
            <numerusform>Remove %n thing</numerusform>
            <numerusform>Remove %n things</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Stopped: %n not touched.</source>
        <translation>
            <numerusform>Stopped: %n was not touched.</numerusform>
            <numerusform>Stopped: %n were not touched.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>The window was not hidden: %n removals are armed, and nothing is removed by a window that nobody sees.</source>
        <translation>
            <numerusform>The window was not hidden: %n removal is armed, and nothing is removed by a window that nobody sees.</numerusform>
            <numerusform>The window was not hidden: %n removals are armed, and nothing is removed by a window that nobody sees.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>This happened %n time(s).</source>
        <translation>
            <numerusform>This happened %n time.</numerusform>
            <numerusform>This happened %n times.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>What was removed can be put back for %n day(s); the lines stay.</source>
        <translation>
            <numerusform>What was removed can be put back for %n day; the lines stay.</numerusform>
            <numerusform>What was removed can be put back for %n days; the lines stay.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>all %n source(s) work</source>
        <translation>
            <numerusform>all %n source works</numerusform>
            <numerusform>all %n sources work</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>and %n earlier</source>
        <translation>
            <numerusform>and %n earlier</numerusform>
            <numerusform>and %n earlier</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>and %n more</source>
        <translation>
            <numerusform>and %n more</numerusform>
            <numerusform>and %n more</numerusform>
        </translation>
    </message>
</context>
</TS>
