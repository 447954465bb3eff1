<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
<context>
    <name></name>
    <message numerus="yes">
        <source>%n act(s) that had been interrupted brought to an end: {summaries}.</source>
        <translation>
            <numerusform>%n unterbrochener Vorgang wurde zu Ende gebracht: {summaries}.</numerusform>
            <numerusform>%n unterbrochene Vorgänge wurden zu Ende gebracht: {summaries}.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n change(s)</source>
        <translation>
            <numerusform>%n Änderung</numerusform>
            <numerusform>%n Änderungen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n change(s) held back</source>
        <translation>
            <numerusform>%n Änderung zurückgehalten</numerusform>
            <numerusform>%n Änderungen zurückgehalten</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n changed since this was opened, and lost the tick. Close this and look anew to remove it.</source>
        <translation>
            <numerusform>%n davon hat sich seit dem Öffnen geändert und den Haken verloren. Zum Entfernen dies schließen und neu nachsehen.</numerusform>
            <numerusform>%n davon haben sich seit dem Öffnen geändert und den Haken verloren. Zum Entfernen dies schließen und neu nachsehen.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n container(s)</source>
        <translation>
            <numerusform>%n Container</numerusform>
            <numerusform>%n Container</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n directory(ies) watched.</source>
        <translation>
            <numerusform>%n Ordner wird beobachtet.</numerusform>
            <numerusform>%n Ordner werden beobachtet.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n ended in a mistake of racewatch: unknown how far it came, look at it.</source>
        <translation>
            <numerusform>%n endete mit einem Fehler von racewatch: Wie weit es kam, ist unbekannt; bitte nachsehen.</numerusform>
            <numerusform>%n endeten mit einem Fehler von racewatch: Wie weit sie kamen, ist unbekannt; bitte nachsehen.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n line(s) are hidden by the search or the choices above.</source>
        <translation>
            <numerusform>%n Zeile wird von der Suche oder der Auswahl oben ausgeblendet.</numerusform>
            <numerusform>%n Zeilen werden von der Suche oder der Auswahl oben ausgeblendet.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n line(s) of the history</source>
        <translation>
            <numerusform>%n Zeile des Verlaufs</numerusform>
            <numerusform>%n Zeilen des Verlaufs</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n lock(s)</source>
        <translation>
            <numerusform>%n Sperre</numerusform>
            <numerusform>%n Sperren</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n need attention</source>
        <translation>
            <numerusform>%n braucht Aufmerksamkeit</numerusform>
            <numerusform>%n brauchen Aufmerksamkeit</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n of them cannot be undone; the others can, from here and from the History, while their names are free.</source>
        <translation>
            <numerusform>%n davon lässt sich nicht rückgängig machen; die anderen schon, von hier und aus dem Verlauf, solange ihre Namen frei sind.</numerusform>
            <numerusform>%n davon lassen sich nicht rückgängig machen; die anderen schon, von hier und aus dem Verlauf, solange ihre Namen frei sind.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n owner(s) followed.</source>
        <translation>
            <numerusform>%n Besitzer wird verfolgt.</numerusform>
            <numerusform>%n Besitzer werden verfolgt.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n place(s) could not be seen</source>
        <translation>
            <numerusform>%n Ort konnte nicht eingesehen werden</numerusform>
            <numerusform>%n Orte konnten nicht eingesehen werden</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n process(es) could not be looked into.</source>
        <translation>
            <numerusform>In %n Prozess war kein Einblick möglich.</numerusform>
            <numerusform>In %n Prozesse war kein Einblick möglich.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n process(es) could not be looked into; root could.</source>
        <translation>
            <numerusform>In %n Prozess war kein Einblick möglich; root könnte es.</numerusform>
            <numerusform>In %n Prozesse war kein Einblick möglich; root könnte es.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n process(es) hold “{name}”</source>
        <translation>
            <numerusform>%n Prozess hält „{name}“</numerusform>
            <numerusform>%n Prozesse halten „{name}“</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n put back.</source>
        <translation>
            <numerusform>%n zurückgelegt.</numerusform>
            <numerusform>%n zurückgelegt.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n removals have ended</source>
        <translation>
            <numerusform>%n Entfernung ist beendet</numerusform>
            <numerusform>%n Entfernungen sind beendet</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n socket(s)</source>
        <translation>
            <numerusform>%n Socket</numerusform>
            <numerusform>%n Sockets</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n source(s) work</source>
        <translation>
            <numerusform>%n Quelle arbeitet</numerusform>
            <numerusform>%n Quellen arbeiten</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n stale</source>
        <translation>
            <numerusform>%n veraltet</numerusform>
            <numerusform>%n veraltet</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n stale container(s)</source>
        <translation>
            <numerusform>%n veralteter Container</numerusform>
            <numerusform>%n veraltete Container</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n stale lock(s)</source>
        <translation>
            <numerusform>%n veraltete Sperre</numerusform>
            <numerusform>%n veraltete Sperren</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n stale socket(s)</source>
        <translation>
            <numerusform>%n veralteter Socket</numerusform>
            <numerusform>%n veraltete Sockets</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n thing(s)</source>
        <translation>
            <numerusform>%n Objekt</numerusform>
            <numerusform>%n Objekte</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n things were left over</source>
        <translation>
            <numerusform>%n neuer Überrest</numerusform>
            <numerusform>%n neue Überreste</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n unknown container(s)</source>
        <translation>
            <numerusform>%n unbekannter Container</numerusform>
            <numerusform>%n unbekannte Container</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n unknown lock(s)</source>
        <translation>
            <numerusform>%n unbekannte Sperre</numerusform>
            <numerusform>%n unbekannte Sperren</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n unknown socket(s)</source>
        <translation>
            <numerusform>%n unbekannter Socket</numerusform>
            <numerusform>%n unbekannte Sockets</numerusform>
        </translation>
    </message>
    <message>
        <source>%v of %m</source>
        <translation>%v von %m</translation>
    </message>
    <message>
        <source>&amp;About racewatch</source>
        <translation>Ü&amp;ber racewatch</translation>
    </message>
    <message>
        <source>&amp;All</source>
        <translation>&amp;Alles</translation>
    </message>
    <message>
        <source>&amp;Containers</source>
        <translation>&amp;Container</translation>
    </message>
    <message>
        <source>&amp;Copy path</source>
        <translation>&amp;Pfad kopieren</translation>
    </message>
    <message>
        <source>&amp;Dark</source>
        <translation>&amp;Dunkel</translation>
    </message>
    <message>
        <source>&amp;Edit</source>
        <translation>&amp;Bearbeiten</translation>
    </message>
    <message>
        <source>&amp;File</source>
        <translation>&amp;Datei</translation>
    </message>
    <message>
        <source>&amp;Find…</source>
        <translation>&amp;Suchen…</translation>
    </message>
    <message>
        <source>&amp;Folder</source>
        <translation>&amp;Ordner</translation>
    </message>
    <message>
        <source>&amp;Freeze</source>
        <translation>Ein&amp;frieren</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>&amp;Hilfe</translation>
    </message>
    <message>
        <source>&amp;Hide in the tray</source>
        <translation>Im Infobereich &amp;verbergen</translation>
    </message>
    <message>
        <source>&amp;History</source>
        <translation>&amp;Verlauf</translation>
    </message>
    <message>
        <source>&amp;Keyboard shortcuts</source>
        <translation>&amp;Tastenkürzel</translation>
    </message>
    <message>
        <source>&amp;Light</source>
        <translation>&amp;Hell</translation>
    </message>
    <message>
        <source>&amp;Locks</source>
        <translation>S&amp;perren</translation>
    </message>
    <message>
        <source>&amp;Look again now</source>
        <translation>&amp;Erneut nachsehen</translation>
    </message>
    <message>
        <source>&amp;Needs attention</source>
        <translation>&amp;Handlungsbedarf</translation>
    </message>
    <message>
        <source>&amp;Observe only</source>
        <translation>Nur be&amp;obachten</translation>
    </message>
    <message>
        <source>&amp;Overview</source>
        <translation>&amp;Übersicht</translation>
    </message>
    <message>
        <source>&amp;Protect this…</source>
        <translation>Dies s&amp;chützen…</translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation>&amp;Beenden</translation>
    </message>
    <message>
        <source>&amp;Remove…</source>
        <translation>&amp;Entfernen…</translation>
    </message>
    <message>
        <source>&amp;Save filter…</source>
        <translation>Filter s&amp;peichern…</translation>
    </message>
    <message>
        <source>&amp;Selected</source>
        <translation>&amp;Auswahl</translation>
    </message>
    <message>
        <source>&amp;Show the window</source>
        <translation>Fenster an&amp;zeigen</translation>
    </message>
    <message>
        <source>&amp;Sockets</source>
        <translation>&amp;Sockets</translation>
    </message>
    <message>
        <source>&amp;System</source>
        <translation>&amp;System</translation>
    </message>
    <message>
        <source>&amp;Undo last removal</source>
        <translation>&amp;Letzte Entfernung rückgängig machen</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>A&amp;nsicht</translation>
    </message>
    <message>
        <source>&amp;Watching…</source>
        <translation>&amp;Beobachtung…</translation>
    </message>
    <message>
        <source>&amp;What holds this path?</source>
        <translation>&amp;Wer hält diesen Pfad?</translation>
    </message>
    <message>
        <source>&amp;What it does…</source>
        <translation>Was es t&amp;ut…</translation>
    </message>
    <message>
        <source>-word or -verdict:live: not that.   Quotes keep blanks together.</source>
        <translation>-Wort oder -verdict:live: dies nicht.   Anführungszeichen halten Leerzeichen zusammen.</translation>
    </message>
    <message>
        <source>A container was left over</source>
        <translation>Ein Container ist übrig geblieben</translation>
    </message>
    <message>
        <source>A filter needs a name.</source>
        <translation>Ein Filter braucht einen Namen.</translation>
    </message>
    <message>
        <source>A folder on the file system to try</source>
        <translation>Ein Ordner auf dem Dateisystem, das erprobt werden soll</translation>
    </message>
    <message>
        <source>A lock was left over</source>
        <translation>Eine Sperre ist übrig geblieben</translation>
    </message>
    <message>
        <source>A look says {verdict}, {label}. {summary}</source>
        <translation>Ein Blick darauf ergibt: {verdict}, {label}. {summary}</translation>
    </message>
    <message>
        <source>A private sandbox with a journal of its own; it is removed when the window closes.</source>
        <translation>Eine eigene Sandbox mit eigenem Journal; sie wird entfernt, wenn das Fenster geschlossen wird.</translation>
    </message>
    <message>
        <source>A quote is not closed; what stands behind it is left out.</source>
        <translation>Ein Anführungszeichen ist nicht geschlossen; was dahinter steht, bleibt unbeachtet.</translation>
    </message>
    <message>
        <source>A removal, or putting something back, has ended</source>
        <translation>Eine Entfernung oder ein Zurücklegen ist beendet</translation>
    </message>
    <message>
        <source>A shell pattern over whole paths; * stands for anything</source>
        <translation>Ein Shell-Muster über ganze Pfade; * steht für Beliebiges</translation>
    </message>
    <message>
        <source>A socket was left over</source>
        <translation>Ein Socket ist übrig geblieben</translation>
    </message>
    <message>
        <source>About racewatch</source>
        <translation>Über racewatch</translation>
    </message>
    <message>
        <source>About the current row</source>
        <translation>Zur aktuellen Zeile</translation>
    </message>
    <message>
        <source>Acting</source>
        <translation>Eingreifen</translation>
    </message>
    <message>
        <source>Acting on it ended in a mistake of racewatch. It is unknown how far that came: look at it.</source>
        <translation>Das Eingreifen endete mit einem Fehler von racewatch. Wie weit es kam, ist unbekannt: bitte nachsehen.</translation>
    </message>
    <message>
        <source>Action</source>
        <translation>Vorgang</translation>
    </message>
    <message>
        <source>Actions</source>
        <translation>Aktionen</translation>
    </message>
    <message>
        <source>Add</source>
        <translation>Hinzufügen</translation>
    </message>
    <message>
        <source>Add a rule</source>
        <translation>Eine Regel hinzufügen</translation>
    </message>
    <message>
        <source>After</source>
        <translation>Nachher</translation>
    </message>
    <message>
        <source>Age</source>
        <translation>Alter</translation>
    </message>
    <message>
        <source>All</source>
        <translation>Alles</translation>
    </message>
    <message>
        <source>All places are looked at again by and by.</source>
        <translation>Nach und nach werden alle Orte wieder angesehen.</translation>
    </message>
    <message>
        <source>All settings</source>
        <translation>Alle Einstellungen</translation>
    </message>
    <message>
        <source>All shortcuts on one sheet</source>
        <translation>Alle Tastenkürzel auf einem Blatt</translation>
    </message>
    <message>
        <source>Allow removing</source>
        <translation>Entfernen erlauben</translation>
    </message>
    <message>
        <source>Allow removing again?</source>
        <translation>Entfernen wieder erlauben?</translation>
    </message>
    <message>
        <source>Also held by</source>
        <translation>Ebenfalls gehalten von</translation>
    </message>
    <message>
        <source>And afterwards</source>
        <translation>Und danach</translation>
    </message>
    <message>
        <source>Another one stands in its place now.</source>
        <translation>An seiner Stelle steht jetzt etwas anderes.</translation>
    </message>
    <message>
        <source>Another “{name}” stands in its place, and that is free. {summary}</source>
        <translation>An seiner Stelle steht ein anderes „{name}“, und das ist frei. {summary}</translation>
    </message>
    <message>
        <source>Another “{name}” stands in its place, and whether it is in use cannot be told.</source>
        <translation>An seiner Stelle steht ein anderes „{name}“, und ob es benutzt wird, ist unklar.</translation>
    </message>
    <message>
        <source>Another “{name}” stands in its place. {summary}</source>
        <translation>An seiner Stelle steht ein anderes „{name}“. {summary}</translation>
    </message>
    <message>
        <source>Any kind</source>
        <translation>Jede Art</translation>
    </message>
    <message>
        <source>Any outcome</source>
        <translation>Jedes Ergebnis</translation>
    </message>
    <message>
        <source>Any time</source>
        <translation>Jederzeit</translation>
    </message>
    <message>
        <source>Arm</source>
        <translation>Scharf stellen</translation>
    </message>
    <message>
        <source>Armed removals</source>
        <translation>Scharf gestellte Entfernungen</translation>
    </message>
    <message>
        <source>Armed: {text}.</source>
        <translation>Scharf gestellt: {text}.</translation>
    </message>
    <message>
        <source>As it was seen at {when}</source>
        <translation>Wie gesehen um {when}</translation>
    </message>
    <message>
        <source>Ask about the selected row, like Delete</source>
        <translation>Nach der ausgewählten Zeile fragen, wie Entf</translation>
    </message>
    <message>
        <source>Ask, then remove the selected left-overs</source>
        <translation>Nachfragen, dann die ausgewählten Überreste entfernen</translation>
    </message>
    <message>
        <source>At most so many directory entries below one folder</source>
        <translation>Höchstens so viele Verzeichniseinträge unterhalb eines Ordners</translation>
    </message>
    <message>
        <source>Before</source>
        <translation>Vorher</translation>
    </message>
    <message>
        <source>Begin</source>
        <translation>Loslegen</translation>
    </message>
    <message>
        <source>Beside what is here: {problem}</source>
        <translation>Außerhalb dessen, was hier steht: {problem}</translation>
    </message>
    <message numerus="yes">
        <source>Break %n lock(s)</source>
        <translation>
            <numerusform>%n Sperre aufheben</numerusform>
            <numerusform>%n Sperren aufheben</numerusform>
        </translation>
    </message>
    <message>
        <source>Break lock</source>
        <translation>Sperre aufheben</translation>
    </message>
    <message>
        <source>Break the lock “{name}”?</source>
        <translation>Sperre „{name}“ aufheben?</translation>
    </message>
    <message>
        <source>Break the ticked locks?</source>
        <translation>Die angehakten Sperren aufheben?</translation>
    </message>
    <message>
        <source>Bring the window to the front</source>
        <translation>Das Fenster nach vorn holen</translation>
    </message>
    <message>
        <source>But not everything could be seen:</source>
        <translation>Aber nicht alles konnte eingesehen werden:</translation>
    </message>
    <message>
        <source>But watching is limited:</source>
        <translation>Aber die Beobachtung ist eingeschränkt:</translation>
    </message>
    <message>
        <source>By its format its owner refreshes it every {period} at the latest. From now on two of these periods ({two_periods}) are counted; one refresh, or any other sign of life, ends that without a removal. A program that sleeps looks dead. Else it is looked at once more, pinned, and removed.</source>
        <translation>Nach ihrem Format frischt der Besitzer sie spätestens alle {period} auf. Ab jetzt werden zwei dieser Fristen ({two_periods}) abgezählt; eine einzige Auffrischung oder ein anderes Lebenszeichen beendet das, ohne dass etwas entfernt wird. Ein Programm, das schläft, sieht tot aus. Andernfalls wird sie noch einmal angesehen, festgehalten und entfernt.</translation>
    </message>
    <message>
        <source>By program</source>
        <translation>Nach Programm</translation>
    </message>
    <message>
        <source>By runtime</source>
        <translation>Nach Runtime</translation>
    </message>
    <message>
        <source>C&amp;lean up…</source>
        <translation>Auf&amp;räumen…</translation>
    </message>
    <message>
        <source>Can be put back</source>
        <translation>Kann zurückgelegt werden</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Cancel a question, clear the filter</source>
        <translation>Eine Frage abbrechen, den Filter leeren</translation>
    </message>
    <message>
        <source>Cannot see</source>
        <translation>Kein Einblick</translation>
    </message>
    <message>
        <source>Changes of names are told by the kernel.</source>
        <translation>Änderungen von Namen meldet der Kernel.</translation>
    </message>
    <message>
        <source>Check, then delete</source>
        <translation>Prüfen, dann löschen</translation>
    </message>
    <message>
        <source>Check-then-delete and racewatch race the same throw-away things</source>
        <translation>Prüfen-dann-löschen und racewatch im Wettlauf um dieselben Wegwerfobjekte</translation>
    </message>
    <message>
        <source>Choose a folder</source>
        <translation>Einen Ordner wählen</translation>
    </message>
    <message>
        <source>Choose the columns of this table</source>
        <translation>Die Spalten dieser Tabelle wählen</translation>
    </message>
    <message>
        <source>Choose the folder in which the drill makes its own</source>
        <translation>Den Ordner wählen, in dem die Probe ihren eigenen anlegt</translation>
    </message>
    <message>
        <source>Choose what is shown; F2 renames a filter, Delete takes it away</source>
        <translation>Wählen, was gezeigt wird; F2 benennt einen Filter um, Entf nimmt ihn weg</translation>
    </message>
    <message>
        <source>Choose…</source>
        <translation>Wählen…</translation>
    </message>
    <message>
        <source>Click a column to sort by it; its menu chooses which are shown</source>
        <translation>Ein Klick auf eine Spalte sortiert danach; ihr Menü wählt, welche gezeigt werden</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Close the window and stop watching</source>
        <translation>Das Fenster schließen und nicht weiter beobachten</translation>
    </message>
    <message>
        <source>Close this list</source>
        <translation>Diese Liste schließen</translation>
    </message>
    <message>
        <source>Close this message</source>
        <translation>Diese Meldung schließen</translation>
    </message>
    <message>
        <source>Close this page</source>
        <translation>Diese Seite schließen</translation>
    </message>
    <message>
        <source>Close this page and look at this machine</source>
        <translation>Diese Seite schließen und diesen Rechner ansehen</translation>
    </message>
    <message>
        <source>Close this page; a drill that runs is stopped and cleans up</source>
        <translation>Diese Seite schließen; eine laufende Probe hält an und räumt auf</translation>
    </message>
    <message>
        <source>Close this question; nothing is removed</source>
        <translation>Diese Frage schließen; nichts wird entfernt</translation>
    </message>
    <message>
        <source>Close this sheet</source>
        <translation>Dieses Blatt schließen</translation>
    </message>
    <message>
        <source>Close this, or stop what has begun; what is left stays kept</source>
        <translation>Schließen oder anhalten, was begonnen hat; was übrig ist, bleibt aufbewahrt</translation>
    </message>
    <message>
        <source>Close this; nothing can be removed</source>
        <translation>Schließen; nichts kann entfernt werden</translation>
    </message>
    <message>
        <source>Close this; nothing is armed</source>
        <translation>Schließen; nichts wird scharf gestellt</translation>
    </message>
    <message>
        <source>Close this; nothing is changed</source>
        <translation>Schließen; nichts wird geändert</translation>
    </message>
    <message>
        <source>Close this; nothing is written</source>
        <translation>Schließen; nichts wird geschrieben</translation>
    </message>
    <message>
        <source>Close this; nothing was done</source>
        <translation>Schließen; nichts wurde getan</translation>
    </message>
    <message>
        <source>Closing the window hides it in the tray of the desktop, except while a removal is armed</source>
        <translation>Schließen verbirgt das Fenster im Infobereich des Desktops, außer solange eine Entfernung scharf gestellt ist</translation>
    </message>
    <message>
        <source>Col&amp;umns…</source>
        <translation>Spa&amp;lten…</translation>
    </message>
    <message>
        <source>Colours</source>
        <translation>Farben</translation>
    </message>
    <message>
        <source>Columns</source>
        <translation>Spalten</translation>
    </message>
    <message>
        <source>Command</source>
        <translation>Befehl</translation>
    </message>
    <message>
        <source>Container</source>
        <translation>Container</translation>
    </message>
    <message>
        <source>Containers</source>
        <translation>Container</translation>
    </message>
    <message>
        <source>Containers of Podman, Docker, runc, crun and youki, and the bundles nobody uses.</source>
        <translation>Container von Podman, Docker, runc, crun und youki, und die Bundles, die niemand benutzt.</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Copy &amp;evidence as text</source>
        <translation>Belege als Te&amp;xt kopieren</translation>
    </message>
    <message>
        <source>Copy &amp;fingerprint</source>
        <translation>&amp;Fingerabdruck kopieren</translation>
    </message>
    <message>
        <source>Copy a note for a ticket, with verdict, evidence and holders</source>
        <translation>Eine Notiz für ein Ticket kopieren, mit Urteil, Belegen und Haltern</translation>
    </message>
    <message>
        <source>Copy all of it for programs</source>
        <translation>Alles davon für Programme kopieren</translation>
    </message>
    <message>
        <source>Copy all of this as text</source>
        <translation>All das als Text kopieren</translation>
    </message>
    <message>
        <source>Copy command</source>
        <translation>Befehl kopieren</translation>
    </message>
    <message>
        <source>Copy details</source>
        <translation>Einzelheiten kopieren</translation>
    </message>
    <message>
        <source>Copy diagnostics</source>
        <translation>Diagnose kopieren</translation>
    </message>
    <message>
        <source>Copy evidence as &amp;JSON</source>
        <translation>Belege als &amp;JSON kopieren</translation>
    </message>
    <message>
        <source>Copy exactly what is shown here</source>
        <translation>Genau das kopieren, was hier gezeigt wird</translation>
    </message>
    <message>
        <source>Copy incident &amp;note</source>
        <translation>Vorfall&amp;notiz kopieren</translation>
    </message>
    <message>
        <source>Copy path</source>
        <translation>Pfad kopieren</translation>
    </message>
    <message>
        <source>Copy path for a &amp;shell</source>
        <translation>Pfad für eine &amp;Shell kopieren</translation>
    </message>
    <message>
        <source>Copy result</source>
        <translation>Ergebnis kopieren</translation>
    </message>
    <message>
        <source>Copy results</source>
        <translation>Ergebnisse kopieren</translation>
    </message>
    <message>
        <source>Copy the command to the clipboard; racewatch does not run it</source>
        <translation>Den Befehl in die Zwischenablage kopieren; racewatch führt ihn nicht aus</translation>
    </message>
    <message>
        <source>Copy the evidence of the selected thing as text</source>
        <translation>Die Belege zum ausgewählten Objekt als Text kopieren</translation>
    </message>
    <message>
        <source>Copy the path in quotes, so that a shell takes it as it is, odd bytes too</source>
        <translation>Den Pfad in Anführungszeichen kopieren, sodass eine Shell ihn unverändert nimmt, auch mit ungewöhnlichen Bytes</translation>
    </message>
    <message>
        <source>Copy the path of the selected thing</source>
        <translation>Den Pfad des ausgewählten Objekts kopieren</translation>
    </message>
    <message>
        <source>Copy the path to the clipboard</source>
        <translation>Den Pfad in die Zwischenablage kopieren</translation>
    </message>
    <message>
        <source>Copy this message with its details to the clipboard</source>
        <translation>Diese Meldung mit ihren Einzelheiten in die Zwischenablage kopieren</translation>
    </message>
    <message>
        <source>Copy what came of it as text</source>
        <translation>Was daraus wurde als Text kopieren</translation>
    </message>
    <message>
        <source>Copy what is shown here as text</source>
        <translation>Was hier gezeigt wird als Text kopieren</translation>
    </message>
    <message>
        <source>Copy what is shown here: as text, as JSON, as a note for a ticket</source>
        <translation>Was hier gezeigt wird kopieren: als Text, als JSON, als Notiz für ein Ticket</translation>
    </message>
    <message>
        <source>Copy what tells this very thing from a later one of the same name</source>
        <translation>Kopieren, was genau dieses Objekt von einem späteren gleichen Namens unterscheidet</translation>
    </message>
    <message>
        <source>Days for which a removed thing can be put back</source>
        <translation>Tage, in denen Entferntes zurückgelegt werden kann</translation>
    </message>
    <message>
        <source>Dead looks</source>
        <translation>Tot-Befunde</translation>
    </message>
    <message>
        <source>Decided on</source>
        <translation>Entschieden anhand von</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
    <message numerus="yes">
        <source>Delete %n container(s)</source>
        <translation>
            <numerusform>%n Container löschen</numerusform>
            <numerusform>%n Container löschen</numerusform>
        </translation>
    </message>
    <message>
        <source>Delete container</source>
        <translation>Container löschen</translation>
    </message>
    <message>
        <source>Delete the container “{name}”?</source>
        <translation>Container „{name}“ löschen?</translation>
    </message>
    <message>
        <source>Delete the ticked containers?</source>
        <translation>Die angehakten Container löschen?</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Einzelheiten</translation>
    </message>
    <message>
        <source>Details of the act</source>
        <translation>Einzelheiten des Vorgangs</translation>
    </message>
    <message>
        <source>Diagnostics</source>
        <translation>Diagnose</translation>
    </message>
    <message>
        <source>Disarm</source>
        <translation>Entschärfen</translation>
    </message>
    <message>
        <source>Disarm and hide</source>
        <translation>Entschärfen und verbergen</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>Erledigt</translation>
    </message>
    <message>
        <source>Each is looked at once more, pinned, right before its own turn; what is not as shown here any more is left alone.</source>
        <translation>Jedes wird, unmittelbar bevor es an der Reihe ist, noch einmal angesehen und dabei festgehalten; was nicht mehr so ist wie hier gezeigt, bleibt unberührt.</translation>
    </message>
    <message>
        <source>Each removal, refusal and undo is kept here, with its evidence.</source>
        <translation>Jede Entfernung, Ablehnung und Rücknahme wird hier mit ihren Belegen aufbewahrt.</translation>
    </message>
    <message>
        <source>Ended</source>
        <translation>Beendet</translation>
    </message>
    <message>
        <source>Engine or runtime</source>
        <translation>Engine oder Runtime</translation>
    </message>
    <message>
        <source>Engine sockets</source>
        <translation>Engine-Sockets</translation>
    </message>
    <message>
        <source>Enter</source>
        <translation>Eingabe</translation>
    </message>
    <message>
        <source>Enter or a double-click opens a line in its view.</source>
        <translation>Die Eingabetaste oder ein Doppelklick öffnet eine Zeile in ihrer Ansicht.</translation>
    </message>
    <message>
        <source>Escape</source>
        <translation>Esc</translation>
    </message>
    <message>
        <source>Everything in its folder</source>
        <translation>Alles in seinem Ordner</translation>
    </message>
    <message>
        <source>Evidence</source>
        <translation>Belege</translation>
    </message>
    <message>
        <source>Evidence and facts</source>
        <translation>Belege und Fakten</translation>
    </message>
    <message>
        <source>Export rows as &amp;CSV…</source>
        <translation>Zeilen als &amp;CSV exportieren…</translation>
    </message>
    <message>
        <source>Export rows as &amp;JSON…</source>
        <translation>Zeilen als &amp;JSON exportieren…</translation>
    </message>
    <message>
        <source>Export {what} as {format}</source>
        <translation>{what} als {format} exportieren</translation>
    </message>
    <message>
        <source>F2, Del</source>
        <translation>F2, Entf</translation>
    </message>
    <message>
        <source>Facts</source>
        <translation>Fakten</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>Fehlgeschlagen</translation>
    </message>
    <message>
        <source>File events</source>
        <translation>Dateiereignisse</translation>
    </message>
    <message>
        <source>File events are switched off; sweeps look at everything.</source>
        <translation>Dateiereignisse sind abgeschaltet; Durchgänge sehen alles an.</translation>
    </message>
    <message>
        <source>Filter</source>
        <translation>Filter</translation>
    </message>
    <message>
        <source>Filter by words, verdict, owner, path, age</source>
        <translation>Nach Wörtern, Urteil, Besitzer, Pfad, Alter filtern</translation>
    </message>
    <message>
        <source>Filter: words, verdict:stale, owner:redis, age&gt;2h  (Ctrl+F)</source>
        <translation>Filter: Wörter, verdict:stale, owner:redis, age&gt;2h  (Strg+F)</translation>
    </message>
    <message>
        <source>Filters</source>
        <translation>Filter</translation>
    </message>
    <message>
        <source>First process</source>
        <translation>Erster Prozess</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>Ordner</translation>
    </message>
    <message>
        <source>Folders</source>
        <translation>Ordner</translation>
    </message>
    <message>
        <source>Folders, exclusions, engines, thresholds, what is kept and what is protected</source>
        <translation>Ordner, Ausschlüsse, Engines, Schwellen, was aufbewahrt und was geschützt wird</translation>
    </message>
    <message>
        <source>Folders: {folders}.</source>
        <translation>Ordner: {folders}.</translation>
    </message>
    <message>
        <source>Format</source>
        <translation>Format</translation>
    </message>
    <message>
        <source>Free for good</source>
        <translation>Endgültig freigeben</translation>
    </message>
    <message>
        <source>Free space</source>
        <translation>Platz freigeben</translation>
    </message>
    <message>
        <source>Free space…</source>
        <translation>Platz freigeben…</translation>
    </message>
    <message>
        <source>Free the space of what is kept?</source>
        <translation>Den Platz des Aufbewahrten freigeben?</translation>
    </message>
    <message>
        <source>Freeing it ended unexpectedly</source>
        <translation>Das Freigeben endete unerwartet</translation>
    </message>
    <message>
        <source>Fullest directories</source>
        <translation>Vollste Verzeichnisse</translation>
    </message>
    <message>
        <source>Go on observing</source>
        <translation>Weiter beobachten</translation>
    </message>
    <message>
        <source>Go through all controls</source>
        <translation>Durch alle Bedienelemente gehen</translation>
    </message>
    <message>
        <source>Go through the rows; with Shift: select several, with Ctrl+Space one more</source>
        <translation>Durch die Zeilen gehen; mit Umschalt: mehrere auswählen, mit Strg+Leertaste eine dazu</translation>
    </message>
    <message>
        <source>Go to it</source>
        <translation>Dorthin gehen</translation>
    </message>
    <message>
        <source>Group by program</source>
        <translation>Nach Programm gruppieren</translation>
    </message>
    <message>
        <source>Group by runtime</source>
        <translation>Nach Runtime gruppieren</translation>
    </message>
    <message numerus="yes">
        <source>Held open by {names} and %n more.</source>
        <translation>
            <numerusform>Offen gehalten von {names} und %n weiteren.</numerusform>
            <numerusform>Offen gehalten von {names} und %n weiteren.</numerusform>
        </translation>
    </message>
    <message>
        <source>Held open by {names}.</source>
        <translation>Offen gehalten von {names}.</translation>
    </message>
    <message>
        <source>Hide the window; its icon in the tray of the desktop brings it back</source>
        <translation>Das Fenster verbergen; sein Symbol im Infobereich holt es zurück</translation>
    </message>
    <message>
        <source>Hide what only other users have; what nobody is known to have stays</source>
        <translation>Ausblenden, was nur andere Benutzer haben; was bekanntermaßen niemand hat, bleibt</translation>
    </message>
    <message>
        <source>History</source>
        <translation>Verlauf</translation>
    </message>
    <message>
        <source>Holder</source>
        <translation>Halter</translation>
    </message>
    <message>
        <source>Holders</source>
        <translation>Halter</translation>
    </message>
    <message>
        <source>Host</source>
        <translation>Rechner</translation>
    </message>
    <message>
        <source>How many, by kind</source>
        <translation>Wie viele, nach Art</translation>
    </message>
    <message>
        <source>How well each source of knowledge works</source>
        <translation>Wie gut jede Wissensquelle arbeitet</translation>
    </message>
    <message>
        <source>How well each source works</source>
        <translation>Wie gut jede Quelle arbeitet</translation>
    </message>
    <message>
        <source>I take responsibility: it could not be proved that nobody uses this</source>
        <translation>Ich übernehme die Verantwortung: Es ließ sich nicht beweisen, dass dies niemand benutzt</translation>
    </message>
    <message>
        <source>I take responsibility: what this lock guarded may be half done</source>
        <translation>Ich übernehme die Verantwortung: Was diese Sperre schützte, ist vielleicht nur halb getan</translation>
    </message>
    <message>
        <source>I take responsibility: {certain}</source>
        <translation>Ich übernehme die Verantwortung: {certain}</translation>
    </message>
    <message>
        <source>If another cleaner and a new owner come first, in the very moment of the act, the new lock is put back, never over another one; until then, some tens to hundreds of microseconds, a second owner could lock a file of its own.</source>
        <translation>Kommen im Augenblick des Eingriffs ein anderer Aufräumer und ein neuer Besitzer zuvor, wird die neue Sperre zurückgelegt, nie über eine andere; bis dahin, einige zehn bis hundert Mikrosekunden, könnte ein zweiter Besitzer eine eigene Datei sperren.</translation>
    </message>
    <message>
        <source>If another cleaner and a new owner come first, in the very moment of the act, the new lock is put back, never over another one; until then, some tens to hundreds of microseconds, a second owner could take it.</source>
        <translation>Kommen im Augenblick des Eingriffs ein anderer Aufräumer und ein neuer Besitzer zuvor, wird die neue Sperre zurückgelegt, nie über eine andere; bis dahin, einige zehn bis hundert Mikrosekunden, könnte ein zweiter Besitzer sie nehmen.</translation>
    </message>
    <message>
        <source>If it is in use after all: {consequence}.</source>
        <translation>Falls es doch benutzt wird: {consequence}.</translation>
    </message>
    <message>
        <source>If it were removed: {lost}.</source>
        <translation>Würde es entfernt: {lost}.</translation>
    </message>
    <message>
        <source>If something does use it, that will lose its container.</source>
        <translation>Falls etwas ihn benutzt, verliert es seinen Container.</translation>
    </message>
    <message>
        <source>If something does use it, that will lose its lock.</source>
        <translation>Falls etwas sie benutzt, verliert es seine Sperre.</translation>
    </message>
    <message>
        <source>If something does use it, that will lose its socket.</source>
        <translation>Falls etwas ihn benutzt, verliert es seinen Socket.</translation>
    </message>
    <message>
        <source>Image or bundle</source>
        <translation>Image oder Bundle</translation>
    </message>
    <message>
        <source>It came alive {when}: {said} It is not removed.</source>
        <translation>Es wurde {when} lebendig: {said} Es wird nicht entfernt.</translation>
    </message>
    <message>
        <source>It cannot be undone.</source>
        <translation>Es kann nicht rückgängig gemacht werden.</translation>
    </message>
    <message>
        <source>It cannot be written: {error}.</source>
        <translation>Es kann nicht geschrieben werden: {error}.</translation>
    </message>
    <message>
        <source>It changed during the countdown. {summary}</source>
        <translation>Es hat sich während des Countdowns geändert. {summary}</translation>
    </message>
    <message>
        <source>It changed just now.</source>
        <translation>Es hat sich eben geändert.</translation>
    </message>
    <message>
        <source>It changed while it was being armed.</source>
        <translation>Es hat sich geändert, während es scharf gestellt wurde.</translation>
    </message>
    <message>
        <source>It changed {when} and is not what you were asked about any more: {said}</source>
        <translation>Es hat sich {when} geändert und ist nicht mehr das, wonach gefragt wurde: {said}</translation>
    </message>
    <message>
        <source>It could not be proved that nobody uses it; removing it needs your word.</source>
        <translation>Es ließ sich nicht beweisen, dass niemand es benutzt; es zu entfernen braucht Ihr Wort.</translation>
    </message>
    <message>
        <source>It failed</source>
        <translation>Es ist fehlgeschlagen</translation>
    </message>
    <message>
        <source>It has no path: its engine keeps it.</source>
        <translation>Es hat keinen Pfad: Seine Engine verwahrt es.</translation>
    </message>
    <message>
        <source>It is a device.</source>
        <translation>Es ist ein Gerät.</translation>
    </message>
    <message>
        <source>It is a directory.</source>
        <translation>Es ist ein Verzeichnis.</translation>
    </message>
    <message>
        <source>It is a file.</source>
        <translation>Es ist eine Datei.</translation>
    </message>
    <message>
        <source>It is a link.</source>
        <translation>Es ist ein Link.</translation>
    </message>
    <message>
        <source>It is a pipe.</source>
        <translation>Es ist eine Pipe.</translation>
    </message>
    <message>
        <source>It is a socket.</source>
        <translation>Es ist ein Socket.</translation>
    </message>
    <message>
        <source>It is armed already.</source>
        <translation>Es ist schon scharf gestellt.</translation>
    </message>
    <message>
        <source>It is being removed. Stopped now, what is left stays kept.</source>
        <translation>Es wird entfernt. Wird jetzt angehalten, bleibt der Rest aufbewahrt.</translation>
    </message>
    <message>
        <source>It is done</source>
        <translation>Es ist erledigt</translation>
    </message>
    <message>
        <source>It is gone: nothing is left to remove.</source>
        <translation>Es ist weg: Es gibt nichts mehr zu entfernen.</translation>
    </message>
    <message>
        <source>It is in use. Nothing that is in use is ever removed.</source>
        <translation>Es wird benutzt. Was benutzt wird, wird niemals entfernt.</translation>
    </message>
    <message>
        <source>It is in use. {summary}</source>
        <translation>Es wird benutzt. {summary}</translation>
    </message>
    <message>
        <source>It is inside of what is watched, but there is no socket, lock or container that it is or holds.</source>
        <translation>Es liegt in dem, was beobachtet wird, aber es ist und enthält keinen Socket, keine Sperre und keinen Container.</translation>
    </message>
    <message>
        <source>It is left over, but what it guarded may be half done; removing it needs your word.</source>
        <translation>Es ist ein Überrest, aber was es schützte, ist vielleicht nur halb getan; es zu entfernen braucht Ihr Wort.</translation>
    </message>
    <message>
        <source>It is never removed here. {remedy}</source>
        <translation>Es wird hier niemals entfernt. {remedy}</translation>
    </message>
    <message>
        <source>It is never removed here: its own program takes it away.</source>
        <translation>Es wird hier niemals entfernt: Sein eigenes Programm räumt es weg.</translation>
    </message>
    <message>
        <source>It is never removed. {said}</source>
        <translation>Es wird niemals entfernt. {said}</translation>
    </message>
    <message>
        <source>It is only armed while this window is open: closing it, observing only, or Disarm ends that. Nothing is kept for the next start.</source>
        <translation>Es ist nur scharf gestellt, solange dieses Fenster offen ist: Schließen, „Nur beobachten“ oder „Entschärfen“ beendet das. Nichts davon bleibt für den nächsten Start.</translation>
    </message>
    <message>
        <source>It is outside of what is watched ({roots}). To watch it, add {folder} to roots in {file}, or start: racewatch gui {folder}</source>
        <translation>Es liegt außerhalb dessen, was beobachtet wird ({roots}). Um es zu beobachten, {folder} bei roots in {file} eintragen oder starten: racewatch gui {folder}</translation>
    </message>
    <message>
        <source>It is protected already: {reason}</source>
        <translation>Es ist schon geschützt: {reason}</translation>
    </message>
    <message>
        <source>It is protected: {reason}.</source>
        <translation>Es ist geschützt: {reason}.</translation>
    </message>
    <message>
        <source>It is something.</source>
        <translation>Es ist etwas anderes.</translation>
    </message>
    <message>
        <source>It is waited for already.</source>
        <translation>Darauf wird schon gewartet.</translation>
    </message>
    <message>
        <source>It never ends a process, and never writes into what it looks at. One exception: a container that was made and not started goes with its waiting process, when you say so.</source>
        <translation>Es beendet niemals einen Prozess und schreibt niemals in das, was es ansieht. Eine Ausnahme: Ein Container, der angelegt und nicht gestartet wurde, geht mit seinem wartenden Prozess, wenn Sie es sagen.</translation>
    </message>
    <message>
        <source>It never removes anything by itself: each removal is asked for, by name.</source>
        <translation>Es entfernt niemals etwas von selbst: Nach jeder Entfernung wird namentlich gefragt.</translation>
    </message>
    <message>
        <source>It never removes what is in use. What could not be seen counts as in use; there is no force.</source>
        <translation>Es entfernt niemals, was benutzt wird. Was nicht eingesehen werden konnte, gilt als benutzt; ein Erzwingen gibt es nicht.</translation>
    </message>
    <message>
        <source>It never sends anything anywhere.</source>
        <translation>Es sendet niemals etwas irgendwohin.</translation>
    </message>
    <message>
        <source>It never trusts an old look: each thing is held and looked at once more right before it goes.</source>
        <translation>Es verlässt sich niemals auf einen alten Blick: Jedes Objekt wird festgehalten und noch einmal angesehen, unmittelbar bevor es geht.</translation>
    </message>
    <message>
        <source>It stayed as it was; nothing was touched.</source>
        <translation>Es blieb, wie es war; nichts wurde angerührt.</translation>
    </message>
    <message numerus="yes">
        <source>It takes about %n second(s), and two processors while it runs.</source>
        <translation>
            <numerusform>Sie dauert etwa %n Sekunde und beansprucht dabei zwei Prozessoren.</numerusform>
            <numerusform>Sie dauert etwa %n Sekunden und beansprucht dabei zwei Prozessoren.</numerusform>
        </translation>
    </message>
    <message>
        <source>It tells of each change.</source>
        <translation>Sie meldet jede Änderung.</translation>
    </message>
    <message>
        <source>It was back under its name.</source>
        <translation>Es war wieder unter seinem Namen da.</translation>
    </message>
    <message>
        <source>It was disarmed.</source>
        <translation>Es wurde entschärft.</translation>
    </message>
    <message>
        <source>It was interrupted by a crash, and brought to an end when racewatch was started, at {when}.</source>
        <translation>Es wurde durch einen Absturz unterbrochen und beim Start von racewatch zu Ende gebracht, um {when}.</translation>
    </message>
    <message>
        <source>It was not refreshed, but it cannot be proved left over. {summary}</source>
        <translation>Es wurde nicht aufgefrischt, lässt sich aber nicht als Überrest beweisen. {summary}</translation>
    </message>
    <message>
        <source>It was not there any more; nothing was touched.</source>
        <translation>Es war nicht mehr da; nichts wurde angerührt.</translation>
    </message>
    <message>
        <source>It was refreshed: somebody uses it.</source>
        <translation>Es wurde aufgefrischt: Jemand benutzt es.</translation>
    </message>
    <message>
        <source>It was taken away and is kept whole beside its old place, so that undo can bring it back. Freeing its space removes it for good: this cannot be undone. It stops at whatever is mounted inside.</source>
        <translation>Es wurde weggenommen und wird als Ganzes neben seinem alten Platz aufbewahrt, damit es zurückgeholt werden kann. Den Platz freizugeben entfernt es endgültig: Das kann nicht rückgängig gemacht werden. Vor allem, was darin eingehängt ist, wird haltgemacht.</translation>
    </message>
    <message>
        <source>It was taken back already.</source>
        <translation>Es wurde schon zurückgenommen.</translation>
    </message>
    <message>
        <source>It went away by itself: there is nothing left to remove.</source>
        <translation>Es ist von selbst verschwunden: Es gibt nichts mehr zu entfernen.</translation>
    </message>
    <message>
        <source>It went away {when}: nothing is left to remove.</source>
        <translation>Es ist {when} verschwunden: Es gibt nichts mehr zu entfernen.</translation>
    </message>
    <message>
        <source>It works again.</source>
        <translation>Es geht wieder.</translation>
    </message>
    <message>
        <source>It would be watched: should it appear, it is shown here.</source>
        <translation>Es würde beobachtet: Sollte es erscheinen, wird es hier gezeigt.</translation>
    </message>
    <message>
        <source>Its name was free, and the thing itself kept aside.</source>
        <translation>Sein Name war frei und das Objekt selbst beiseite gelegt.</translation>
    </message>
    <message>
        <source>Its name was free, until it was put back.</source>
        <translation>Sein Name war frei, bis es zurückgelegt wurde.</translation>
    </message>
    <message>
        <source>Its name was free.</source>
        <translation>Sein Name war frei.</translation>
    </message>
    <message>
        <source>Its owner has died, but it cannot be proved left over. {summary}</source>
        <translation>Sein Besitzer ist beendet, aber es lässt sich nicht als Überrest beweisen. {summary}</translation>
    </message>
    <message>
        <source>Its owner has died, but it is in use. {summary}</source>
        <translation>Sein Besitzer ist beendet, aber es wird benutzt. {summary}</translation>
    </message>
    <message>
        <source>Its owner is another one now. {summary}</source>
        <translation>Es hat jetzt einen anderen Besitzer. {summary}</translation>
    </message>
    <message>
        <source>Its state is checked once more with the container pinned; only if it is still as shown, it is taken away and deleted, and {certain}. This cannot be undone.</source>
        <translation>Der Container wird festgehalten und sein Zustand noch einmal geprüft; nur wenn er noch so ist wie gezeigt, wird er weggenommen und gelöscht, und {certain}. Das kann nicht rückgängig gemacht werden.</translation>
    </message>
    <message>
        <source>Its state is checked once more with the container pinned; only if it is still as shown, it is taken away and deleted. This cannot be undone.</source>
        <translation>Der Container wird festgehalten und sein Zustand noch einmal geprüft; nur wenn er noch so ist wie gezeigt, wird er weggenommen und gelöscht. Das kann nicht rückgängig gemacht werden.</translation>
    </message>
    <message>
        <source>Its state is checked once more with the container pinned; only if it is still as shown, its name is taken away. This can be undone from the History while the name is free.</source>
        <translation>Der Container wird festgehalten und sein Zustand noch einmal geprüft; nur wenn er noch so ist wie gezeigt, wird ihm der Name genommen. Das kann aus dem Verlauf rückgängig gemacht werden, solange der Name frei ist.</translation>
    </message>
    <message>
        <source>Its state is checked once more with the lock pinned; only if it is still as shown, it is taken away and deleted. This cannot be undone.</source>
        <translation>Die Sperre wird festgehalten und ihr Zustand noch einmal geprüft; nur wenn sie noch so ist wie gezeigt, wird sie weggenommen und gelöscht. Das kann nicht rückgängig gemacht werden.</translation>
    </message>
    <message>
        <source>Its state is checked once more with the lock pinned; only if it is still as shown, its name is taken away. This can be undone from the History while the name is free.</source>
        <translation>Die Sperre wird festgehalten und ihr Zustand noch einmal geprüft; nur wenn sie noch so ist wie gezeigt, wird ihr der Name genommen. Das kann aus dem Verlauf rückgängig gemacht werden, solange der Name frei ist.</translation>
    </message>
    <message>
        <source>Its state is checked once more with the socket pinned; only if it is still as shown, it is taken away and deleted. This cannot be undone.</source>
        <translation>Der Socket wird festgehalten und sein Zustand noch einmal geprüft; nur wenn er noch so ist wie gezeigt, wird er weggenommen und gelöscht. Das kann nicht rückgängig gemacht werden.</translation>
    </message>
    <message>
        <source>Its state is checked once more with the socket pinned; only if it is still as shown, its name is taken away. This can be undone from the History while the name is free.</source>
        <translation>Der Socket wird festgehalten und sein Zustand noch einmal geprüft; nur wenn er noch so ist wie gezeigt, wird ihm der Name genommen. Das kann aus dem Verlauf rückgängig gemacht werden, solange der Name frei ist.</translation>
    </message>
    <message>
        <source>Keep changes back until pressed again; nothing is missed</source>
        <translation>Änderungen zurückhalten, bis erneut gedrückt wird; nichts geht verloren</translation>
    </message>
    <message>
        <source>Keep for undo</source>
        <translation>Aufbewahren</translation>
    </message>
    <message>
        <source>Keep it under this name</source>
        <translation>Unter diesem Namen behalten</translation>
    </message>
    <message>
        <source>Keep the rows of one program together</source>
        <translation>Die Zeilen eines Programms beieinander halten</translation>
    </message>
    <message>
        <source>Keep the rows of one runtime together</source>
        <translation>Die Zeilen einer Runtime beieinander halten</translation>
    </message>
    <message>
        <source>Keep this filter in the list at the left</source>
        <translation>Diesen Filter in der Seitenleiste behalten</translation>
    </message>
    <message>
        <source>Keep this filter under a name</source>
        <translation>Diesen Filter unter einem Namen behalten</translation>
    </message>
    <message>
        <source>Kept aside until it is freed; it is never forgotten.</source>
        <translation>Beiseite gelegt, bis es freigegeben wird; es wird nie vergessen.</translation>
    </message>
    <message>
        <source>Kernel locks</source>
        <translation>Sperren des Kernels</translation>
    </message>
    <message>
        <source>Keyboard shortcuts</source>
        <translation>Tastenkürzel</translation>
    </message>
    <message>
        <source>Kind</source>
        <translation>Art</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Sprache</translation>
    </message>
    <message>
        <source>Last complete look {ago}.</source>
        <translation>Letzter vollständiger Blick {ago}.</translation>
    </message>
    <message>
        <source>Least age</source>
        <translation>Mindestalter</translation>
    </message>
    <message>
        <source>Left out</source>
        <translation>Ausgelassen</translation>
    </message>
    <message>
        <source>Left over</source>
        <translation>Überreste</translation>
    </message>
    <message>
        <source>Left over, or cannot be told</source>
        <translation>Überrest oder unklar</translation>
    </message>
    <message>
        <source>Let both cleaners race over throw-away things, or stop that</source>
        <translation>Beide Aufräumer um Wegwerfdinge laufen lassen oder das anhalten</translation>
    </message>
    <message>
        <source>Living things lost, by each cleaner, over time</source>
        <translation>Verlorene lebende Objekte, je Aufräumer, im Zeitverlauf</translation>
    </message>
    <message>
        <source>Lock files of more than a hundred programs, there and in their usual places.</source>
        <translation>Lock-Dateien von mehr als hundert Programmen, dort und an ihren üblichen Orten.</translation>
    </message>
    <message>
        <source>Locks</source>
        <translation>Sperren</translation>
    </message>
    <message>
        <source>Look at everything afresh</source>
        <translation>Alles von Neuem ansehen</translation>
    </message>
    <message>
        <source>Look only: nothing is removed, put back or freed until this is switched off</source>
        <translation>Nur ansehen: Nichts wird entfernt, zurückgelegt oder freigegeben, bis dies ausgeschaltet wird</translation>
    </message>
    <message>
        <source>Look up the path, file or message that was copied</source>
        <translation>Den kopierten Pfad, die Datei oder die Meldung nachschlagen</translation>
    </message>
    <message>
        <source>Looking at {name} once more, and removing it if it is as shown…</source>
        <translation>{name} wird noch einmal angesehen und entfernt, wenn es so ist wie gezeigt…</translation>
    </message>
    <message>
        <source>Looking up {name}</source>
        <translation>{name} wird nachgeschlagen</translation>
    </message>
    <message>
        <source>Looking…</source>
        <translation>Es wird nachgesehen…</translation>
    </message>
    <message>
        <source>Looks apart</source>
        <translation>Abstand der Blicke</translation>
    </message>
    <message>
        <source>Losses</source>
        <translation>Verluste</translation>
    </message>
    <message>
        <source>Machine {name}</source>
        <translation>Rechner {name}</translation>
    </message>
    <message>
        <source>Menu or Shift+F10</source>
        <translation>Menü oder Umschalt+F10</translation>
    </message>
    <message>
        <source>Messages</source>
        <translation>Meldungen</translation>
    </message>
    <message>
        <source>Mine</source>
        <translation>Meine</translation>
    </message>
    <message>
        <source>More API sockets of Podman or Docker, one a line</source>
        <translation>Weitere API-Sockets von Podman oder Docker, einer je Zeile</translation>
    </message>
    <message>
        <source>More actions</source>
        <translation>Weitere Aktionen</translation>
    </message>
    <message>
        <source>More folders of runtimes, one a line: RUNTIME:/path</source>
        <translation>Weitere Ordner von Runtimes, einer je Zeile: RUNTIME:/Pfad</translation>
    </message>
    <message>
        <source>Most entries</source>
        <translation>Höchstzahl Einträge</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Name a folder by its whole path, from the root on.</source>
        <translation>Den Ordner mit seinem ganzen Pfad nennen, von der Wurzel an.</translation>
    </message>
    <message>
        <source>Needed before it can be armed; never remembered</source>
        <translation>Nötig, bevor scharf gestellt werden kann; wird nie gemerkt</translation>
    </message>
    <message>
        <source>Needed before the button can be pressed; never remembered</source>
        <translation>Nötig, bevor der Knopf gedrückt werden kann; wird nie gemerkt</translation>
    </message>
    <message>
        <source>Needs attention</source>
        <translation>Handlungsbedarf</translation>
    </message>
    <message>
        <source>Needs the tick above</source>
        <translation>Braucht den Haken oben</translation>
    </message>
    <message>
        <source>Neither org.freedesktop.FileManager1 nor the program for folders answered.</source>
        <translation>Weder org.freedesktop.FileManager1 noch das Programm für Ordner hat geantwortet.</translation>
    </message>
    <message>
        <source>Never act on</source>
        <translation>Niemals anrühren</translation>
    </message>
    <message>
        <source>Never act on this, or on all in its folder, with a reason: added to the configuration</source>
        <translation>Dies oder alles in seinem Ordner niemals anrühren, mit Begründung: kommt in die Konfiguration</translation>
    </message>
    <message numerus="yes">
        <source>News of %n things that you wait for</source>
        <translation>
            <numerusform>Neues von %n Ding, auf das Sie warten</numerusform>
            <numerusform>Neues von %n Dingen, auf die Sie warten</numerusform>
        </translation>
    </message>
    <message>
        <source>No container was seen, but not everything could be:
{places}</source>
        <translation>Es wurde kein Container gesehen, aber nicht alles konnte eingesehen werden:
{places}</translation>
    </message>
    <message>
        <source>No containers here</source>
        <translation>Keine Container hier</translation>
    </message>
    <message>
        <source>No containers seen, and watching is limited</source>
        <translation>Keine Container gesehen, und die Beobachtung ist eingeschränkt</translation>
    </message>
    <message>
        <source>No desktop notification can be shown: {why}. What happens is still told here.</source>
        <translation>Es kann keine Benachrichtigung gezeigt werden: {why}. Was geschieht, wird weiterhin hier gesagt.</translation>
    </message>
    <message>
        <source>No engine and no runtime that was asked has a container, and there is no bundle below {roots}. A new one appears at once.</source>
        <translation>Keine gefragte Engine oder Runtime hat einen Container, und unterhalb von {roots} gibt es kein Bundle. Ein neuer erscheint sofort.</translation>
    </message>
    <message>
        <source>No file events: sweeps look at it.</source>
        <translation>Keine Dateiereignisse: Durchgänge sehen ihn an.</translation>
    </message>
    <message>
        <source>No file manager opened {folder}. Its path can be copied instead.</source>
        <translation>Kein Dateimanager hat {folder} geöffnet. Stattdessen lässt sich der Pfad kopieren.</translation>
    </message>
    <message>
        <source>No journal</source>
        <translation>Kein Journal</translation>
    </message>
    <message>
        <source>No lock was seen, but not everything could be:
{places}</source>
        <translation>Es wurde keine Sperre gesehen, aber nicht alles konnte eingesehen werden:
{places}</translation>
    </message>
    <message>
        <source>No locks here</source>
        <translation>Keine Sperren hier</translation>
    </message>
    <message>
        <source>No locks seen, and watching is limited</source>
        <translation>Keine Sperren gesehen, und die Beobachtung ist eingeschränkt</translation>
    </message>
    <message>
        <source>No process has it open.</source>
        <translation>Kein Prozess hält es offen.</translation>
    </message>
    <message>
        <source>No process is known to hold it.</source>
        <translation>Es ist kein Prozess bekannt, der es hält.</translation>
    </message>
    <message>
        <source>No process that could be seen has it open.</source>
        <translation>Kein Prozess, der eingesehen werden konnte, hält es offen.</translation>
    </message>
    <message>
        <source>No row for {path}</source>
        <translation>Keine Zeile für {path}</translation>
    </message>
    <message>
        <source>No socket was seen, but not everything could be:
{places}</source>
        <translation>Es wurde kein Socket gesehen, aber nicht alles konnte eingesehen werden:
{places}</translation>
    </message>
    <message>
        <source>No sockets here</source>
        <translation>Keine Sockets hier</translation>
    </message>
    <message>
        <source>No sockets seen, and watching is limited</source>
        <translation>Keine Sockets gesehen, und die Beobachtung ist eingeschränkt</translation>
    </message>
    <message>
        <source>No terminal could be started in {folder}: none is known here, or the folder cannot be entered. Name one in the setting “terminal”.</source>
        <translation>In {folder} konnte kein Terminal gestartet werden: Hier ist keines bekannt, oder der Ordner ist nicht zugänglich. Nennen Sie eines in der Einstellung „terminal“.</translation>
    </message>
    <message>
        <source>No terminal was opened in {folder}: its name is no text, and could be mistaken for another. Copy its path for a shell instead.</source>
        <translation>In {folder} wurde kein Terminal geöffnet: Der Name ist kein Text und könnte mit einem anderen verwechselt werden. Kopieren Sie stattdessen den Pfad für eine Shell.</translation>
    </message>
    <message>
        <source>Nobody uses it. Removing it can be undone while the name is free.</source>
        <translation>Niemand benutzt es. Das Entfernen kann rückgängig gemacht werden, solange der Name frei ist.</translation>
    </message>
    <message>
        <source>Nobody uses it. Removing it cannot be undone.</source>
        <translation>Niemand benutzt es. Das Entfernen kann nicht rückgängig gemacht werden.</translation>
    </message>
    <message>
        <source>None can be shown just now: {problem}.</source>
        <translation>Zurzeit kann keine gezeigt werden: {problem}.</translation>
    </message>
    <message>
        <source>Not known yet: it is under way, or was interrupted; the next start of racewatch brings it to an end.</source>
        <translation>Noch nicht bekannt: Es ist im Gange oder wurde unterbrochen; der nächste Start von racewatch bringt es zu Ende.</translation>
    </message>
    <message>
        <source>Not yet known: it is being counted.</source>
        <translation>Noch nicht bekannt: Es wird gezählt.</translation>
    </message>
    <message>
        <source>Not yet known: {engine} is asked when it is chosen.</source>
        <translation>Noch nicht bekannt: {engine} wird gefragt, wenn es ausgewählt wird.</translation>
    </message>
    <message>
        <source>Nothing can be removed without a journal: {problem}</source>
        <translation>Ohne Journal kann nichts entfernt werden: {problem}</translation>
    </message>
    <message>
        <source>Nothing can be removed: {problem}</source>
        <translation>Es kann nichts entfernt werden: {problem}</translation>
    </message>
    <message>
        <source>Nothing changes again and again.</source>
        <translation>Nichts ändert sich immer wieder.</translation>
    </message>
    <message>
        <source>Nothing happens while {owner} lives. When that very process has died, a countdown of {time} is shown. It ends without a removal if anything stands there again, if somebody uses it, or if it cannot be proved left over. Else it is looked at once more, pinned, and its name is taken away.</source>
        <translation>Solange {owner} lebt, geschieht nichts. Ist genau dieser Prozess beendet, läuft ein Countdown von {time}. Er endet, ohne dass etwas entfernt wird, wenn dort wieder etwas steht, wenn jemand es benutzt oder wenn es sich nicht als Überrest beweisen lässt. Andernfalls wird es noch einmal angesehen und festgehalten, und ihm wird der Name genommen.</translation>
    </message>
    <message>
        <source>Nothing here</source>
        <translation>Hier ist nichts</translation>
    </message>
    <message>
        <source>Nothing is ever removed, put back or freed</source>
        <translation>Es wird nie etwas entfernt, zurückgelegt oder freigegeben</translation>
    </message>
    <message>
        <source>Nothing is left over, and everything could be told.</source>
        <translation>Es gibt keine Überreste, und alles ließ sich klären.</translation>
    </message>
    <message>
        <source>Nothing is left over.</source>
        <translation>Es gibt keine Überreste.</translation>
    </message>
    <message>
        <source>Nothing is left that could be put back.</source>
        <translation>Es ist nichts übrig, das zurückgelegt werden könnte.</translation>
    </message>
    <message>
        <source>Nothing is removed until it is put right.</source>
        <translation>Bis das berichtigt ist, wird nichts entfernt.</translation>
    </message>
    <message>
        <source>Nothing is there.</source>
        <translation>Es ist nichts da.</translation>
    </message>
    <message>
        <source>Nothing is ticked</source>
        <translation>Nichts ist angehakt</translation>
    </message>
    <message>
        <source>Nothing is told of it when it is free</source>
        <translation>Es wird nicht mehr gemeldet, wenn es frei ist</translation>
    </message>
    <message>
        <source>Nothing is waited for any more; nothing is removed</source>
        <translation>Es wird auf nichts mehr gewartet; nichts wird entfernt</translation>
    </message>
    <message>
        <source>Nothing matches</source>
        <translation>Nichts passt</translation>
    </message>
    <message>
        <source>Nothing needs attention</source>
        <translation>Kein Handlungsbedarf</translation>
    </message>
    <message>
        <source>Nothing of this is left to remove</source>
        <translation>Davon ist nichts mehr zu entfernen</translation>
    </message>
    <message>
        <source>Nothing of what is selected can be removed from here.</source>
        <translation>Von der Auswahl kann hier nichts entfernt werden.</translation>
    </message>
    <message>
        <source>Nothing of what was seen so far matches.</source>
        <translation>Nichts von dem, was bisher gesehen wurde, passt.</translation>
    </message>
    <message>
        <source>Nothing of what was selected can be removed from here; each row says why.</source>
        <translation>Von der Auswahl kann hier nichts entfernt werden; jede Zeile sagt, warum.</translation>
    </message>
    <message>
        <source>Nothing seen, and watching is limited</source>
        <translation>Nichts gesehen, und die Beobachtung ist eingeschränkt</translation>
    </message>
    <message>
        <source>Nothing selected</source>
        <translation>Nichts ausgewählt</translation>
    </message>
    <message>
        <source>Nothing was changed: it was refused</source>
        <translation>Nichts wurde geändert: es wurde abgelehnt</translation>
    </message>
    <message>
        <source>Nothing was done yet</source>
        <translation>Bisher wurde nichts getan</translation>
    </message>
    <message>
        <source>Nothing was done.</source>
        <translation>Es wurde nichts getan.</translation>
    </message>
    <message>
        <source>Nothing was removed here yet</source>
        <translation>Hier wurde noch nichts entfernt</translation>
    </message>
    <message>
        <source>Nothing was removed, so there is nothing to put back.</source>
        <translation>Es wurde nichts entfernt, also gibt es nichts zurückzulegen.</translation>
    </message>
    <message>
        <source>Nothing was saved to {file}: {problem}. Choose another place, or free some space.</source>
        <translation>In {file} wurde nichts gespeichert: {problem}. Wählen Sie einen anderen Ort oder schaffen Sie Platz.</translation>
    </message>
    <message>
        <source>Nothing was seen, but not everything could be:
{places}</source>
        <translation>Es wurde nichts gesehen, aber nicht alles konnte eingesehen werden:
{places}</translation>
    </message>
    <message>
        <source>Nothing was written: {error}.</source>
        <translation>Es wurde nichts geschrieben: {error}.</translation>
    </message>
    <message>
        <source>Notifications of the desktop, while nobody looks</source>
        <translation>Benachrichtigungen des Desktops, solange niemand hinsieht</translation>
    </message>
    <message>
        <source>Observe only</source>
        <translation>Nur beobachten</translation>
    </message>
    <message>
        <source>Observing: nothing is removed, put back or freed.</source>
        <translation>Nur Beobachtung: Nichts wird entfernt, zurückgelegt oder freigegeben.</translation>
    </message>
    <message>
        <source>Observing: nothing is removed.</source>
        <translation>Nur Beobachtung: Nichts wird entfernt.</translation>
    </message>
    <message>
        <source>Of</source>
        <translation>Zu</translation>
    </message>
    <message>
        <source>Of what was waited for: {parts}.</source>
        <translation>Von dem, worauf gewartet wurde: {parts}.</translation>
    </message>
    <message>
        <source>Of {things} none is left over, hung, or cut off from its name.</source>
        <translation>Insgesamt {things}: Nichts davon ist Überrest, hängt oder hat seinen Namen verloren.</translation>
    </message>
    <message>
        <source>Oldest left-overs</source>
        <translation>Älteste Überreste</translation>
    </message>
    <message>
        <source>On</source>
        <translation>Ein</translation>
    </message>
    <message>
        <source>On the file system that is to be tried</source>
        <translation>Auf dem Dateisystem, das erprobt werden soll</translation>
    </message>
    <message>
        <source>One a line</source>
        <translation>Einer je Zeile</translation>
    </message>
    <message>
        <source>One by one only. {why_not}</source>
        <translation>Nur einzeln. {why_not}</translation>
    </message>
    <message>
        <source>One more line for what is never acted on</source>
        <translation>Eine Zeile mehr für das, was nie angerührt wird</translation>
    </message>
    <message>
        <source>One row for each container; Delete asks to remove the selected ones</source>
        <translation>Eine Zeile je Container; Entf fragt nach dem Entfernen der ausgewählten</translation>
    </message>
    <message>
        <source>One row for each lock; Delete asks to remove the selected ones</source>
        <translation>Eine Zeile je Sperre; Entf fragt nach dem Entfernen der ausgewählten</translation>
    </message>
    <message>
        <source>One row for each removal or undo, newest first</source>
        <translation>Eine Zeile je Entfernung oder Rücknahme, die neueste zuerst</translation>
    </message>
    <message>
        <source>One row for each socket; Delete asks to remove the selected ones</source>
        <translation>Eine Zeile je Socket; Entf fragt nach dem Entfernen der ausgewählten</translation>
    </message>
    <message>
        <source>One row for each thing; Delete asks to remove the selected ones</source>
        <translation>Eine Zeile je Objekt; Entf fragt nach dem Entfernen der ausgewählten</translation>
    </message>
    <message>
        <source>One row for each; Space ticks the current one or takes its tick away</source>
        <translation>Je eine Zeile; die Leertaste setzt oder nimmt den Haken der aktuellen</translation>
    </message>
    <message>
        <source>Only for locks that their owner refreshes regularly.</source>
        <translation>Nur für Sperren, die ihr Besitzer regelmäßig auffrischt.</translation>
    </message>
    <message>
        <source>Only for what is in use by a process that is known.</source>
        <translation>Nur für das, was ein bekannter Prozess benutzt.</translation>
    </message>
    <message>
        <source>Only for what is in use now.</source>
        <translation>Nur für das, was jetzt benutzt wird.</translation>
    </message>
    <message>
        <source>Only sockets and lock files can be armed.</source>
        <translation>Nur Sockets und Lock-Dateien können scharf gestellt werden.</translation>
    </message>
    <message>
        <source>Only sockets and lock files can be waited for.</source>
        <translation>Nur auf Sockets und Lock-Dateien kann gewartet werden.</translation>
    </message>
    <message>
        <source>Only this one</source>
        <translation>Nur dieses</translation>
    </message>
    <message>
        <source>Only while nothing is proved about it either way.</source>
        <translation>Nur solange weder das eine noch das andere bewiesen ist.</translation>
    </message>
    <message>
        <source>Open &amp;terminal there</source>
        <translation>Dort &amp;Terminal öffnen</translation>
    </message>
    <message>
        <source>Open a terminal in its folder</source>
        <translation>Ein Terminal in seinem Ordner öffnen</translation>
    </message>
    <message>
        <source>Opens a second window on throw-away things, which go with it; nothing of yours is touched</source>
        <translation>Öffnet ein zweites Fenster mit Wegwerfobjekten, die mit ihm verschwinden; von Ihren wird nichts angerührt</translation>
    </message>
    <message>
        <source>Outcome</source>
        <translation>Ergebnis</translation>
    </message>
    <message>
        <source>Overview</source>
        <translation>Übersicht</translation>
    </message>
    <message>
        <source>Owner</source>
        <translation>Besitzer</translation>
    </message>
    <message>
        <source>Path</source>
        <translation>Pfad</translation>
    </message>
    <message>
        <source>Path of the current row</source>
        <translation>Pfad der aktuellen Zeile</translation>
    </message>
    <message>
        <source>Path or name</source>
        <translation>Pfad oder Name</translation>
    </message>
    <message>
        <source>Pattern</source>
        <translation>Muster</translation>
    </message>
    <message>
        <source>Pattern over whole paths</source>
        <translation>Muster über ganze Pfade</translation>
    </message>
    <message>
        <source>Process</source>
        <translation>Prozess</translation>
    </message>
    <message>
        <source>Process exits</source>
        <translation>Prozessenden</translation>
    </message>
    <message>
        <source>Program</source>
        <translation>Programm</translation>
    </message>
    <message>
        <source>Progress</source>
        <translation>Fortschritt</translation>
    </message>
    <message>
        <source>Protect</source>
        <translation>Schützen</translation>
    </message>
    <message>
        <source>Protect “{name}”?</source>
        <translation>„{name}“ schützen?</translation>
    </message>
    <message>
        <source>Protected</source>
        <translation>Geschützt</translation>
    </message>
    <message>
        <source>Protected by the configuration: {reason}</source>
        <translation>Durch die Konfiguration geschützt: {reason}</translation>
    </message>
    <message>
        <source>Protected: {pattern} ({reason})</source>
        <translation>Geschützt: {pattern} ({reason})</translation>
    </message>
    <message>
        <source>Put back</source>
        <translation>Zurücklegen</translation>
    </message>
    <message>
        <source>Put back everything that was just taken away, where its name is free</source>
        <translation>Alles eben Weggenommene zurücklegen, wo sein Name frei ist</translation>
    </message>
    <message>
        <source>Put back what was removed</source>
        <translation>Das Entfernte zurücklegen</translation>
    </message>
    <message>
        <source>Put back what was removed last</source>
        <translation>Das zuletzt Entfernte zurücklegen</translation>
    </message>
    <message>
        <source>Put right what is marked first.</source>
        <translation>Berichtigen Sie zuerst, was markiert ist.</translation>
    </message>
    <message>
        <source>Puts it back if its name is still free.</source>
        <translation>Legt es zurück, wenn sein Name noch frei ist.</translation>
    </message>
    <message>
        <source>Putting it back ended unexpectedly</source>
        <translation>Das Zurücklegen endete unerwartet</translation>
    </message>
    <message>
        <source>Race &amp;drill…</source>
        <translation>&amp;Wettlaufprobe…</translation>
    </message>
    <message>
        <source>Race drill</source>
        <translation>Wettlaufprobe</translation>
    </message>
    <message>
        <source>Reason</source>
        <translation>Grund</translation>
    </message>
    <message>
        <source>Refused</source>
        <translation>Abgelehnt</translation>
    </message>
    <message>
        <source>Removal</source>
        <translation>Entfernen</translation>
    </message>
    <message numerus="yes">
        <source>Remove %n socket(s)</source>
        <translation>
            <numerusform>%n Socket entfernen</numerusform>
            <numerusform>%n Sockets entfernen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Remove %n thing(s)</source>
        <translation>
            <numerusform>%n Objekt entfernen</numerusform>
            <numerusform>%n Objekte entfernen</numerusform>
        </translation>
    </message>
    <message>
        <source>Remove &amp;if not refreshed…</source>
        <translation>Entfernen, wenn nicht a&amp;ufgefrischt…</translation>
    </message>
    <message>
        <source>Remove for good what is kept for undo</source>
        <translation>Endgültig entfernen, was zum Zurücklegen aufbewahrt wird</translation>
    </message>
    <message>
        <source>Remove socket</source>
        <translation>Socket entfernen</translation>
    </message>
    <message>
        <source>Remove the socket “{name}”?</source>
        <translation>Socket „{name}“ entfernen?</translation>
    </message>
    <message>
        <source>Remove the ticked sockets?</source>
        <translation>Die angehakten Sockets entfernen?</translation>
    </message>
    <message>
        <source>Remove the ticked things?</source>
        <translation>Die angehakten Objekte entfernen?</translation>
    </message>
    <message>
        <source>Remove this lock if nobody refreshes it for two of its periods; any refresh ends that</source>
        <translation>Diese Sperre entfernen, wenn sie zwei ihrer Fristen lang niemand auffrischt; jede Auffrischung beendet das</translation>
    </message>
    <message>
        <source>Remove what is kept; this cannot be undone</source>
        <translation>Entfernen, was aufbewahrt ist; das lässt sich nicht rückgängig machen</translation>
    </message>
    <message>
        <source>Remove when its owner has &amp;died…</source>
        <translation>Entfernen, wenn der &amp;Besitzer beendet ist…</translation>
    </message>
    <message>
        <source>Remove “{name}” if it is not refreshed?</source>
        <translation>„{name}“ entfernen, wenn nicht aufgefrischt wird?</translation>
    </message>
    <message>
        <source>Remove “{name}” when its owner has died?</source>
        <translation>„{name}“ entfernen, wenn der Besitzer beendet ist?</translation>
    </message>
    <message>
        <source>Removes it now, if it still is as shown</source>
        <translation>Entfernt es jetzt, wenn es noch so ist wie gezeigt</translation>
    </message>
    <message>
        <source>Remove…</source>
        <translation>Entfernen…</translation>
    </message>
    <message>
        <source>Rename</source>
        <translation>Umbenennen</translation>
    </message>
    <message>
        <source>Rename filter</source>
        <translation>Filter umbenennen</translation>
    </message>
    <message>
        <source>Rename or delete the filter that is chosen at the left</source>
        <translation>Den in der Seitenleiste gewählten Filter umbenennen oder löschen</translation>
    </message>
    <message>
        <source>Rename…</source>
        <translation>Umbenennen…</translation>
    </message>
    <message>
        <source>Reset</source>
        <translation>Zurücksetzen</translation>
    </message>
    <message>
        <source>Reset filt&amp;er</source>
        <translation>&amp;Filter zurücksetzen</translation>
    </message>
    <message>
        <source>Review every left-over shown in this view, then remove those that stay ticked</source>
        <translation>Jeden in dieser Ansicht gezeigten Überrest durchsehen, dann entfernen, was angehakt bleibt</translation>
    </message>
    <message>
        <source>Root {path}</source>
        <translation>Ordner {path}</translation>
    </message>
    <message>
        <source>Rows</source>
        <translation>Zeilen</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>Speichern</translation>
    </message>
    <message>
        <source>Save filter</source>
        <translation>Filter speichern</translation>
    </message>
    <message>
        <source>Save the shown rows and columns as a table</source>
        <translation>Die gezeigten Zeilen und Spalten als Tabelle speichern</translation>
    </message>
    <message>
        <source>Save the shown rows with all their evidence, for programs</source>
        <translation>Die gezeigten Zeilen mit allen Belegen speichern, für Programme</translation>
    </message>
    <message>
        <source>Saved to {file}: {what}.</source>
        <translation>In {file} gespeichert: {what}.</translation>
    </message>
    <message>
        <source>Save…</source>
        <translation>Speichern…</translation>
    </message>
    <message>
        <source>Say why: the reason is shown to whoever tries.</source>
        <translation>Sagen Sie, warum: Der Grund wird jedem gezeigt, der es versucht.</translation>
    </message>
    <message>
        <source>Se&amp;ttings…</source>
        <translation>E&amp;instellungen…</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>Suchen</translation>
    </message>
    <message>
        <source>Search  (Ctrl+F)</source>
        <translation>Suchen  (Strg+F)</translation>
    </message>
    <message>
        <source>Search the history</source>
        <translation>Den Verlauf durchsuchen</translation>
    </message>
    <message>
        <source>Seconds between those looks</source>
        <translation>Sekunden zwischen diesen Blicken</translation>
    </message>
    <message>
        <source>Seconds; what is younger is not called stale</source>
        <translation>Sekunden; was jünger ist, wird nicht veraltet genannt</translation>
    </message>
    <message>
        <source>Seen</source>
        <translation>Gesehen</translation>
    </message>
    <message>
        <source>Select &amp;all removable</source>
        <translation>Alles Entfernbare &amp;auswählen</translation>
    </message>
    <message>
        <source>Select a container to see what speaks for its verdict.</source>
        <translation>Wählen Sie einen Container aus, um zu sehen, was für sein Urteil spricht.</translation>
    </message>
    <message>
        <source>Select a line to see the evidence it was decided on.</source>
        <translation>Wählen Sie eine Zeile aus, um die Belege zu sehen, nach denen entschieden wurde.</translation>
    </message>
    <message>
        <source>Select a lock to see what speaks for its verdict.</source>
        <translation>Wählen Sie eine Sperre aus, um zu sehen, was für ihr Urteil spricht.</translation>
    </message>
    <message>
        <source>Select a socket to see what speaks for its verdict.</source>
        <translation>Wählen Sie einen Socket aus, um zu sehen, was für sein Urteil spricht.</translation>
    </message>
    <message>
        <source>Select a thing to see what speaks for its verdict.</source>
        <translation>Wählen Sie ein Objekt aus, um zu sehen, was für sein Urteil spricht.</translation>
    </message>
    <message>
        <source>Select every left-over in this view that is proved to be one</source>
        <translation>Jeden bewiesenen Überrest in dieser Ansicht auswählen</translation>
    </message>
    <message>
        <source>Select something first.</source>
        <translation>Wählen Sie zuerst etwas aus.</translation>
    </message>
    <message>
        <source>Select something that has a path first.</source>
        <translation>Wählen Sie zuerst etwas aus, das einen Pfad hat.</translation>
    </message>
    <message>
        <source>Selected</source>
        <translation>Ausgewählt</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Several processes use it: none of them is the owner whose death would free it.</source>
        <translation>Mehrere Prozesse benutzen es: Keiner davon ist der Besitzer, dessen Ende es frei machte.</translation>
    </message>
    <message>
        <source>Shell patterns over whole paths, one a line</source>
        <translation>Shell-Muster über ganze Pfade, eines je Zeile</translation>
    </message>
    <message>
        <source>Shortcuts</source>
        <translation>Tastenkürzel</translation>
    </message>
    <message>
        <source>Show &amp;holder…</source>
        <translation>&amp;Halter zeigen…</translation>
    </message>
    <message>
        <source>Show all</source>
        <translation>Alle zeigen</translation>
    </message>
    <message>
        <source>Show counts over time and what flaps</source>
        <translation>Anzahlen im Zeitverlauf zeigen und was hin und her springt</translation>
    </message>
    <message>
        <source>Show every verdict</source>
        <translation>Jedes Urteil zeigen</translation>
    </message>
    <message>
        <source>Show everything again</source>
        <translation>Wieder alles zeigen</translation>
    </message>
    <message>
        <source>Show everything again (Escape)</source>
        <translation>Wieder alles zeigen (Esc)</translation>
    </message>
    <message>
        <source>Show everything in one table</source>
        <translation>Alles in einer Tabelle zeigen</translation>
    </message>
    <message>
        <source>Show in file &amp;manager</source>
        <translation>Im &amp;Dateimanager zeigen</translation>
    </message>
    <message>
        <source>Show in history</source>
        <translation>Im Verlauf zeigen</translation>
    </message>
    <message>
        <source>Show it</source>
        <translation>Zeigen</translation>
    </message>
    <message>
        <source>Show it in its folder</source>
        <translation>Es in seinem Ordner zeigen</translation>
    </message>
    <message>
        <source>Show only this kind of thing</source>
        <translation>Nur diese Art von Objekt zeigen</translation>
    </message>
    <message>
        <source>Show only what ended like this</source>
        <translation>Nur zeigen, was so ausging</translation>
    </message>
    <message>
        <source>Show only what happened since then</source>
        <translation>Nur zeigen, was seitdem geschah</translation>
    </message>
    <message>
        <source>Show only what is {verdict}, or all again</source>
        <translation>Nur zeigen, was {verdict} ist, oder wieder alles</translation>
    </message>
    <message>
        <source>Show the containers</source>
        <translation>Die Container zeigen</translation>
    </message>
    <message>
        <source>Show the lock files</source>
        <translation>Die Lock-Dateien zeigen</translation>
    </message>
    <message>
        <source>Show the sockets</source>
        <translation>Die Sockets zeigen</translation>
    </message>
    <message>
        <source>Show what has no room in this row</source>
        <translation>Zeigen, was in dieser Zeile keinen Platz hat</translation>
    </message>
    <message>
        <source>Show what is left over, hung, or cut off from its name</source>
        <translation>Zeigen, was Überrest ist, hängt oder seinen Namen verloren hat</translation>
    </message>
    <message>
        <source>Show what was removed and put back</source>
        <translation>Zeigen, was entfernt und zurückgelegt wurde</translation>
    </message>
    <message>
        <source>Shows Unix sockets, lock files and containers live, with the evidence, and removes left-overs without racing the live system. MIT licence.</source>
        <translation>Zeigt Unix-Sockets, Lock-Dateien und Container live, mit den Belegen, und entfernt Überreste ohne Wettlauf mit dem laufenden System. MIT-Lizenz.</translation>
    </message>
    <message>
        <source>Shows lines that hold all these words in path, outcome, owner or summary</source>
        <translation>Zeigt Zeilen, die alle diese Wörter in Pfad, Ergebnis, Besitzer oder Zusammenfassung enthalten</translation>
    </message>
    <message>
        <source>Since</source>
        <translation>Seit</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>So can its owner, {who}.</source>
        <translation>Sein Besitzer {who} kann es.</translation>
    </message>
    <message>
        <source>So often seen dead before it is stale</source>
        <translation>So oft tot gesehen, bevor es veraltet ist</translation>
    </message>
    <message>
        <source>Sockets</source>
        <translation>Sockets</translation>
    </message>
    <message>
        <source>Something was left over</source>
        <translation>Etwas ist zum Überrest geworden</translation>
    </message>
    <message>
        <source>Something went wrong inside racewatch ({doing}): {error}. It goes on; {kept}.</source>
        <translation>In racewatch ging etwas schief ({doing}): {error}. Es läuft weiter; {kept}.</translation>
    </message>
    <message>
        <source>Space</source>
        <translation>Platz</translation>
    </message>
    <message>
        <source>Start</source>
        <translation>Starten</translation>
    </message>
    <message>
        <source>Start again</source>
        <translation>Neu starten</translation>
    </message>
    <message>
        <source>Start the drill</source>
        <translation>Die Probe starten</translation>
    </message>
    <message>
        <source>Start the drill again</source>
        <translation>Die Probe neu starten</translation>
    </message>
    <message>
        <source>Started</source>
        <translation>Gestartet</translation>
    </message>
    <message>
        <source>State</source>
        <translation>Zustand</translation>
    </message>
    <message>
        <source>State folders</source>
        <translation>Zustandsordner</translation>
    </message>
    <message>
        <source>Status</source>
        <translation>Status</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Anhalten</translation>
    </message>
    <message>
        <source>Stop before the next one; what was done can be undone</source>
        <translation>Vor dem nächsten anhalten; was getan wurde, kann rückgängig gemacht werden</translation>
    </message>
    <message>
        <source>Stop the drill</source>
        <translation>Die Probe anhalten</translation>
    </message>
    <message>
        <source>Stop waiting</source>
        <translation>Nicht mehr warten</translation>
    </message>
    <message>
        <source>Stopped after {count} of {all} races; none was held to its end.</source>
        <translation>Nach {count} von {all} Wettläufen angehalten; keiner wurde zu Ende geführt.</translation>
    </message>
    <message>
        <source>Stopped after {count} of {all} races; racewatch lost {lost}.</source>
        <translation>Nach {count} von {all} Wettläufen angehalten; racewatch verlor {lost}.</translation>
    </message>
    <message numerus="yes">
        <source>Stopped: %n not touched.</source>
        <translation>
            <numerusform>Angehalten: %n blieb unberührt.</numerusform>
            <numerusform>Angehalten: %n blieben unberührt.</numerusform>
        </translation>
    </message>
    <message>
        <source>Suggestions</source>
        <translation>Vorschläge</translation>
    </message>
    <message>
        <source>Sweep of containers</source>
        <translation>Durchgang der Container</translation>
    </message>
    <message>
        <source>Sweep of locks</source>
        <translation>Durchgang der Sperren</translation>
    </message>
    <message>
        <source>Sweep of sockets</source>
        <translation>Durchgang der Sockets</translation>
    </message>
    <message>
        <source>Tab</source>
        <translation>Tab</translation>
    </message>
    <message>
        <source>Take out</source>
        <translation>Herausnehmen</translation>
    </message>
    <message>
        <source>Take the selected rules out</source>
        <translation>Die ausgewählten Regeln herausnehmen</translation>
    </message>
    <message>
        <source>Takes effect at the next start</source>
        <translation>Gilt ab dem nächsten Start</translation>
    </message>
    <message>
        <source>Target</source>
        <translation>Ziel</translation>
    </message>
    <message>
        <source>Tell me &amp;when it is free</source>
        <translation>Melden, &amp;wenn es frei wird</translation>
    </message>
    <message>
        <source>Terminal</source>
        <translation>Terminal</translation>
    </message>
    <message>
        <source>Text to select and copy</source>
        <translation>Text zum Markieren und Kopieren</translation>
    </message>
    <message>
        <source>That name is too long; {most} characters are the most.</source>
        <translation>Dieser Name ist zu lang; höchstens {most} Zeichen sind möglich.</translation>
    </message>
    <message>
        <source>The age is asked for as age&gt;2h or age&lt;10m; it is left out.</source>
        <translation>Nach dem Alter fragt man mit age&gt;2h oder age&lt;10m; es bleibt unbeachtet.</translation>
    </message>
    <message>
        <source>The age waits for a length of time: wanted 30s, 10m, 2h, 3d, 2w or 1y.</source>
        <translation>Dem Alter fehlt eine Zeitspanne: erwartet wird 30s, 10m, 2h, 3d, 2w oder 1y.</translation>
    </message>
    <message>
        <source>The command that opens one; {folder} stands for the folder</source>
        <translation>Der Befehl, der eines öffnet; {folder} steht für den Ordner</translation>
    </message>
    <message>
        <source>The configuration says to observe only (observe = true).</source>
        <translation>Die Konfiguration verlangt, nur zu beobachten (observe = true).</translation>
    </message>
    <message>
        <source>The drill begins.</source>
        <translation>Die Probe beginnt.</translation>
    </message>
    <message>
        <source>The exit of its owner cannot be followed: {detail}.</source>
        <translation>Das Ende des Besitzers lässt sich nicht verfolgen: {detail}.</translation>
    </message>
    <message>
        <source>The filter hides {things}.</source>
        <translation>Der Filter blendet {things} aus.</translation>
    </message>
    <message>
        <source>The first look below {roots} is under way.</source>
        <translation>Der erste Blick unterhalb von {roots} ist im Gange.</translation>
    </message>
    <message>
        <source>The last 24 hours</source>
        <translation>Die letzten 24 Stunden</translation>
    </message>
    <message>
        <source>The last 7 days</source>
        <translation>Die letzten 7 Tage</translation>
    </message>
    <message>
        <source>The last hour</source>
        <translation>Die letzte Stunde</translation>
    </message>
    <message>
        <source>The machine that is looked at</source>
        <translation>Der Rechner, der angesehen wird</translation>
    </message>
    <message>
        <source>The owner of “{name}” has died: it is removed in {left}, unless there is a sign of life</source>
        <translation>Der Besitzer von „{name}“ ist beendet: Es wird in {left} entfernt, sofern kein Lebenszeichen kommt</translation>
    </message>
    <message>
        <source>The pattern does not match this one.</source>
        <translation>Das Muster passt nicht auf dieses.</translation>
    </message>
    <message>
        <source>The pattern is over whole paths: it begins with / or *.</source>
        <translation>Das Muster gilt für ganze Pfade: Es beginnt mit / oder *.</translation>
    </message>
    <message>
        <source>The removal ended unexpectedly</source>
        <translation>Das Entfernen endete unerwartet</translation>
    </message>
    <message>
        <source>The sandbox could not be started. Try it in a terminal: racewatch demo</source>
        <translation>Die Sandbox konnte nicht gestartet werden. Versuchen Sie es in einem Terminal: racewatch demo</translation>
    </message>
    <message>
        <source>The settings in {file} are in force.</source>
        <translation>Die Einstellungen in {file} gelten.</translation>
    </message>
    <message>
        <source>The settings in {file} cannot be changed here before the file is put right: {error}.</source>
        <translation>Die Einstellungen in {file} können hier erst geändert werden, wenn die Datei berichtigt ist: {error}.</translation>
    </message>
    <message>
        <source>The settings of before stay in force: {problem}.</source>
        <translation>Die bisherigen Einstellungen gelten weiter: {problem}.</translation>
    </message>
    <message>
        <source>The terminal could not be started in {folder}: {command}. Put the setting “terminal” right, or remove it.</source>
        <translation>Das Terminal konnte in {folder} nicht gestartet werden: {command}. Berichtigen Sie die Einstellung „terminal“ oder entfernen Sie sie.</translation>
    </message>
    <message>
        <source>The tray of this desktop has gone, so the window is back: closing it closes it.</source>
        <translation>Der Infobereich dieses Desktops ist verschwunden, deshalb ist das Fenster wieder da: Schließen beendet es.</translation>
    </message>
    <message>
        <source>The window was hidden in the tray.</source>
        <translation>Das Fenster wurde im Infobereich verborgen.</translation>
    </message>
    <message numerus="yes">
        <source>The window was not hidden: %n removals are armed, and nothing is removed by a window that nobody sees.</source>
        <translation>
            <numerusform>Das Fenster wurde nicht verborgen: %n Entfernung ist scharf gestellt, und ein Fenster, das niemand sieht, entfernt nichts.</numerusform>
            <numerusform>Das Fenster wurde nicht verborgen: %n Entfernungen sind scharf gestellt, und ein Fenster, das niemand sieht, entfernt nichts.</numerusform>
        </translation>
    </message>
    <message>
        <source>The window was not hidden: something is being asked, or done, just now.</source>
        <translation>Das Fenster wurde nicht verborgen: gerade wird etwas gefragt oder getan.</translation>
    </message>
    <message>
        <source>Their names are taken away; this can be undone from here and from the History while the names are free.</source>
        <translation>Ihnen wird der Name genommen; das kann von hier und aus dem Verlauf rückgängig gemacht werden, solange die Namen frei sind.</translation>
    </message>
    <message>
        <source>There are no rows on this page.</source>
        <translation>Auf dieser Seite gibt es keine Zeilen.</translation>
    </message>
    <message>
        <source>There is a filter “{name}” already.</source>
        <translation>Es gibt schon einen Filter „{name}“.</translation>
    </message>
    <message>
        <source>There is no lock below {roots}. A new one appears at once.</source>
        <translation>Unterhalb von {roots} gibt es keine Sperre. Eine neue erscheint sofort.</translation>
    </message>
    <message>
        <source>There is no socket below {roots}. A new one appears at once.</source>
        <translation>Unterhalb von {roots} gibt es keinen Socket. Ein neuer erscheint sofort.</translation>
    </message>
    <message>
        <source>There is no socket, lock or container below {roots}. A new one appears at once.</source>
        <translation>Unterhalb von {roots} gibt es keinen Socket, keine Sperre und keinen Container. Was neu ist, erscheint sofort.</translation>
    </message>
    <message>
        <source>There is no text in the clipboard: copy a path, a file, or a message that holds one.</source>
        <translation>In der Zwischenablage ist kein Text: Kopieren Sie einen Pfad, eine Datei oder eine Meldung, die einen enthält.</translation>
    </message>
    <message>
        <source>There is nothing of this name.</source>
        <translation>Es gibt nichts mit diesem Namen.</translation>
    </message>
    <message>
        <source>There since</source>
        <translation>Da seit</translation>
    </message>
    <message>
        <source>There was no drill: {error}.</source>
        <translation>Es gab keine Probe: {error}.</translation>
    </message>
    <message>
        <source>They are taken away and deleted: this cannot be undone.</source>
        <translation>Sie werden weggenommen und gelöscht: Das kann nicht rückgängig gemacht werden.</translation>
    </message>
    <message>
        <source>Things</source>
        <translation>Objekte</translation>
    </message>
    <message>
        <source>Things can be removed again, each after a question</source>
        <translation>Dinge können wieder entfernt werden, jedes nach einer Frage</translation>
    </message>
    <message>
        <source>This can be undone from the History.</source>
        <translation>Das kann aus dem Verlauf rückgängig gemacht werden.</translation>
    </message>
    <message>
        <source>This cannot be undone.</source>
        <translation>Das kann nicht rückgängig gemacht werden.</translation>
    </message>
    <message>
        <source>This desktop has no tray: closing the window closes it.</source>
        <translation>Dieser Desktop hat keinen Infobereich: Schließen beendet das Fenster.</translation>
    </message>
    <message numerus="yes">
        <source>This happened %n time(s).</source>
        <translation>
            <numerusform>Das geschah %n Mal.</numerusform>
            <numerusform>Das geschah %n Mal.</numerusform>
        </translation>
    </message>
    <message>
        <source>This was an undo itself.</source>
        <translation>Dies war selbst eine Rücknahme.</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>Zeit</translation>
    </message>
    <message>
        <source>Timeline</source>
        <translation>Zeitverlauf</translation>
    </message>
    <message>
        <source>To run yourself</source>
        <translation>Zum Selbstausführen</translation>
    </message>
    <message>
        <source>Together with it goes {others}, or nothing.</source>
        <translation>Zusammen damit geht {others}, oder nichts.</translation>
    </message>
    <message>
        <source>Took</source>
        <translation>Dauer</translation>
    </message>
    <message>
        <source>Tray</source>
        <translation>Infobereich</translation>
    </message>
    <message>
        <source>Try it on a sandbox</source>
        <translation>In einer Sandbox ausprobieren</translation>
    </message>
    <message>
        <source>Turn the tray on in the settings first.</source>
        <translation>Schalten Sie den Infobereich zuerst in den Einstellungen ein.</translation>
    </message>
    <message>
        <source>Two cleaners race the same things, which go and come back all the time: one looks, looks again and deletes, as careful scripts do; the other is racewatch. Everything lies in a new folder below the one named here, with a journal of its own, and is removed at the end. Nothing else is touched.</source>
        <translation>Zwei Aufräumer laufen um die Wette, um dieselben Objekte, die ständig verschwinden und wiederkommen: Der eine sieht nach, sieht noch einmal nach und löscht, wie es sorgfältige Skripte tun; der andere ist racewatch. Alles liegt in einem neuen Ordner unterhalb des hier genannten, mit eigenem Journal, und wird am Ende entfernt. Sonst wird nichts angerührt.</translation>
    </message>
    <message>
        <source>Type</source>
        <translation>Typ</translation>
    </message>
    <message>
        <source>Under way</source>
        <translation>Im Gange</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <source>Undo all</source>
        <translation>Alles rückgängig</translation>
    </message>
    <message>
        <source>Undo of</source>
        <translation>Rücknahme von</translation>
    </message>
    <message>
        <source>Undone</source>
        <translation>Rückgängig gemacht</translation>
    </message>
    <message>
        <source>Undone by</source>
        <translation>Rückgängig durch</translation>
    </message>
    <message>
        <source>Unit</source>
        <translation>Unit</translation>
    </message>
    <message>
        <source>Unix sockets below the folders named here, and who is bound to them.</source>
        <translation>Unix-Sockets unterhalb der hier genannten Ordner, und wer an sie gebunden ist.</translation>
    </message>
    <message>
        <source>Unless chosen in the View menu</source>
        <translation>Sofern nicht im Menü Ansicht gewählt</translation>
    </message>
    <message>
        <source>Until now racewatch only looked. Afterwards what is left over can be removed from this window, each time after a question. What a crash had interrupted is brought to an end at once.</source>
        <translation>Bisher hat racewatch nur zugesehen. Danach können Überreste aus diesem Fenster entfernt werden, jedes Mal nach einer Frage. Was ein Absturz unterbrochen hatte, wird sofort zu Ende gebracht.</translation>
    </message>
    <message>
        <source>Until {when}; forgotten by the first start after that.</source>
        <translation>Bis {when}; der erste Start danach vergisst es.</translation>
    </message>
    <message>
        <source>Up, Down</source>
        <translation>Auf, Ab</translation>
    </message>
    <message>
        <source>User</source>
        <translation>Benutzer</translation>
    </message>
    <message>
        <source>Usual columns</source>
        <translation>Übliche Spalten</translation>
    </message>
    <message>
        <source>Verb</source>
        <translation>Vorgang</translation>
    </message>
    <message>
        <source>Verdict: {verdict}</source>
        <translation>Urteil: {verdict}</translation>
    </message>
    <message>
        <source>Versions, and diagnostics to copy</source>
        <translation>Versionen, und Diagnose zum Kopieren</translation>
    </message>
    <message>
        <source>Versions, and what this machine allows; nothing secret</source>
        <translation>Versionen, und was dieser Rechner erlaubt; nichts Geheimes</translation>
    </message>
    <message>
        <source>Views and filters</source>
        <translation>Ansichten und Filter</translation>
    </message>
    <message>
        <source>Wait for the death of the process that uses this, count down, and remove it if nobody came back</source>
        <translation>Auf das Ende des Prozesses warten, der dies benutzt, herunterzählen und es entfernen, wenn niemand zurückkam</translation>
    </message>
    <message>
        <source>Wait until nobody uses it any more, and say so then; nothing is removed</source>
        <translation>Warten, bis es niemand mehr benutzt, und es dann melden; nichts wird entfernt</translation>
    </message>
    <message>
        <source>Wait, count down, and remove it if nobody came back</source>
        <translation>Warten, herunterzählen und entfernen, wenn niemand zurückkam</translation>
    </message>
    <message>
        <source>Waited for</source>
        <translation>Worauf gewartet wird</translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation>Wartend</translation>
    </message>
    <message>
        <source>Waiting until “{name}” is free: in use by {holder}</source>
        <translation>Es wird gewartet, bis „{name}“ frei ist: in Benutzung durch {holder}</translation>
    </message>
    <message>
        <source>Waiting until “{name}” is free: it is in use</source>
        <translation>Es wird gewartet, bis „{name}“ frei ist: Es wird benutzt</translation>
    </message>
    <message>
        <source>Waiting until “{name}” is free: whether it is in use cannot be told just now</source>
        <translation>Es wird gewartet, bis „{name}“ frei ist: Ob es benutzt wird, ist gerade unklar</translation>
    </message>
    <message>
        <source>Watched while you decide. All still as shown; last look {age}.</source>
        <translation>Wird beobachtet, während Sie entscheiden. Alles noch wie gezeigt; letzter Blick {age}.</translation>
    </message>
    <message>
        <source>Watched while you decide. Still idle; last look {age}.</source>
        <translation>Wird beobachtet, während Sie entscheiden. Noch ruhend; letzter Blick {age}.</translation>
    </message>
    <message>
        <source>Watched while you decide. Still live; last look {age}.</source>
        <translation>Wird beobachtet, während Sie entscheiden. Noch aktiv; letzter Blick {age}.</translation>
    </message>
    <message>
        <source>Watched while you decide. Still stale; last look {age}.</source>
        <translation>Wird beobachtet, während Sie entscheiden. Noch veraltet; letzter Blick {age}.</translation>
    </message>
    <message>
        <source>Watched while you decide. Still unproved; last look {age}.</source>
        <translation>Wird beobachtet, während Sie entscheiden. Noch unbewiesen; letzter Blick {age}.</translation>
    </message>
    <message>
        <source>Welcome to racewatch</source>
        <translation>Willkommen bei racewatch</translation>
    </message>
    <message>
        <source>Well-known places</source>
        <translation>Übliche Orte</translation>
    </message>
    <message>
        <source>What</source>
        <translation>Was</translation>
    </message>
    <message>
        <source>What came of each</source>
        <translation>Was aus jedem wurde</translation>
    </message>
    <message>
        <source>What can be done with the selected row</source>
        <translation>Was mit der ausgewählten Zeile getan werden kann</translation>
    </message>
    <message>
        <source>What changed most often lately</source>
        <translation>Was sich zuletzt am häufigsten geändert hat</translation>
    </message>
    <message>
        <source>What flaps</source>
        <translation>Was hin und her springt</translation>
    </message>
    <message>
        <source>What had been kept aside was gone for good.</source>
        <translation>Was beiseite gelegt war, war endgültig weg.</translation>
    </message>
    <message>
        <source>What happened</source>
        <translation>Was geschah</translation>
    </message>
    <message>
        <source>What helps: {cure}</source>
        <translation>Was hilft: {cure}</translation>
    </message>
    <message>
        <source>What is left over for longest</source>
        <translation>Was am längsten übrig ist</translation>
    </message>
    <message>
        <source>What is removed is in the History, and can be put back while its name is free, if nothing else is said.</source>
        <translation>Was entfernt wird, steht im Verlauf und kann zurückgelegt werden, solange sein Name frei ist, sofern nichts anderes gesagt wird.</translation>
    </message>
    <message>
        <source>What is to be removed</source>
        <translation>Was entfernt werden soll</translation>
    </message>
    <message>
        <source>What is waited for is free, gone or in other hands</source>
        <translation>Worauf gewartet wird, ist frei, verschwunden oder in anderen Händen</translation>
    </message>
    <message>
        <source>What it looks at</source>
        <translation>Was es ansieht</translation>
    </message>
    <message>
        <source>What it never does</source>
        <translation>Was es niemals tut</translation>
    </message>
    <message>
        <source>What may be done with it changed {when}: {said}</source>
        <translation>Was damit getan werden darf, hat sich {when} geändert: {said}</translation>
    </message>
    <message>
        <source>What may happen if that is wrong: {lost}.</source>
        <translation>Was geschehen kann, wenn das falsch ist: {lost}.</translation>
    </message>
    <message>
        <source>What may happen: {lost}.</source>
        <translation>Was geschehen kann: {lost}.</translation>
    </message>
    <message>
        <source>What racewatch does</source>
        <translation>Was racewatch tut</translation>
    </message>
    <message>
        <source>What racewatch looks at, and what it never does</source>
        <translation>Was racewatch ansieht, und was es niemals tut</translation>
    </message>
    <message>
        <source>What stays open if it is removed</source>
        <translation>Was offen bleibt, wenn es entfernt wird</translation>
    </message>
    <message>
        <source>What that frees is not yet known: it is being counted.</source>
        <translation>Was das frei macht, ist noch nicht bekannt: Es wird gezählt.</translation>
    </message>
    <message>
        <source>What the pattern below is to match</source>
        <translation>Worauf das Muster darunter passen soll</translation>
    </message>
    <message>
        <source>What these patterns match is never acted on; the reason is shown</source>
        <translation>Worauf diese Muster passen, wird niemals angerührt; der Grund wird gezeigt</translation>
    </message>
    <message>
        <source>What they match may be acted on again</source>
        <translation>Was sie treffen, darf wieder angerührt werden</translation>
    </message>
    <message>
        <source>What this pattern matches is never removed by the window, the command line or the agent, however dead it is, and the reason is shown to whoever tries. It is written to the configuration file.</source>
        <translation>Worauf dieses Muster passt, das entfernen weder das Fenster noch die Befehlszeile noch der Agent, wie tot es auch sei, und der Grund wird jedem gezeigt, der es versucht. Es wird in die Konfigurationsdatei geschrieben.</translation>
    </message>
    <message>
        <source>What this question is about is not there any more</source>
        <translation>Wonach hier gefragt wird, ist nicht mehr da</translation>
    </message>
    <message>
        <source>What was kept is removed for good.</source>
        <translation>Was aufbewahrt war, ist endgültig entfernt.</translation>
    </message>
    <message>
        <source>What was moved is back, or where it is stands above.</source>
        <translation>Was bewegt wurde, ist zurück, oder oben steht, wo es ist.</translation>
    </message>
    <message>
        <source>What was refused is as it was: that is what the second look is for.</source>
        <translation>Was abgelehnt wurde, ist wie zuvor: Dafür ist der zweite Blick da.</translation>
    </message>
    <message numerus="yes">
        <source>What was removed can be put back for %n day(s); the lines stay.</source>
        <translation>
            <numerusform>Entferntes kann %n Tag lang zurückgelegt werden; die Zeilen bleiben.</numerusform>
            <numerusform>Entferntes kann %n Tage lang zurückgelegt werden; die Zeilen bleiben.</numerusform>
        </translation>
    </message>
    <message>
        <source>What you asked for has ended</source>
        <translation>Was Sie verlangt haben, ist beendet</translation>
    </message>
    <message>
        <source>What you wait for is free</source>
        <translation>Worauf Sie warten, ist frei</translation>
    </message>
    <message>
        <source>What you wait for is gone</source>
        <translation>Worauf Sie warten, ist verschwunden</translation>
    </message>
    <message>
        <source>What you wait for is in other hands</source>
        <translation>Worauf Sie warten, ist in anderen Händen</translation>
    </message>
    <message>
        <source>What you wait for is not seen in use any more</source>
        <translation>Worauf Sie warten, wird nicht mehr in Benutzung gesehen</translation>
    </message>
    <message>
        <source>What you wait for is not watched any more</source>
        <translation>Worauf Sie warten, wird nicht mehr beobachtet</translation>
    </message>
    <message>
        <source>When</source>
        <translation>Wann</translation>
    </message>
    <message>
        <source>Where most things are</source>
        <translation>Wo die meisten Objekte sind</translation>
    </message>
    <message>
        <source>Where this knowledge comes from</source>
        <translation>Woher dieses Wissen kommt</translation>
    </message>
    <message>
        <source>Where to look</source>
        <translation>Wo nachgesehen wird</translation>
    </message>
    <message>
        <source>Whether it is there cannot be seen: {reason}</source>
        <translation>Ob es da ist, lässt sich nicht sehen: {reason}</translation>
    </message>
    <message>
        <source>Which verdict this finding speaks for</source>
        <translation>Für welches Urteil dieser Befund spricht</translation>
    </message>
    <message>
        <source>Who has it open is being asked.</source>
        <translation>Es wird gefragt, wer es offen hält.</translation>
    </message>
    <message>
        <source>Who holds it: process, command, unit, container</source>
        <translation>Wer es hält: Prozess, Befehl, Unit, Container</translation>
    </message>
    <message>
        <source>Who takes a lock and gives it back shows within a second.</source>
        <translation>Wer eine Sperre nimmt und zurückgibt, ist binnen einer Sekunde zu sehen.</translation>
    </message>
    <message>
        <source>Why</source>
        <translation>Warum</translation>
    </message>
    <message>
        <source>Why it is idle</source>
        <translation>Warum es ruht</translation>
    </message>
    <message>
        <source>Why it is live</source>
        <translation>Warum es aktiv ist</translation>
    </message>
    <message>
        <source>Why it is protected; shown to whoever tries to remove it</source>
        <translation>Warum es geschützt ist; wird jedem gezeigt, der es entfernen will</translation>
    </message>
    <message>
        <source>Why it is stale</source>
        <translation>Warum es veraltet ist</translation>
    </message>
    <message>
        <source>Why it is unknown</source>
        <translation>Warum es unbekannt ist</translation>
    </message>
    <message>
        <source>Window</source>
        <translation>Fenster</translation>
    </message>
    <message>
        <source>Without what only other users have</source>
        <translation>Ohne das, was nur andere Benutzer haben</translation>
    </message>
    <message>
        <source>Words: each must be found in path, state, owner, unit, format or id.</source>
        <translation>Wörter: Jedes muss in Pfad, Zustand, Besitzer, Unit, Format oder ID vorkommen.</translation>
    </message>
    <message>
        <source>Write this rule to the configuration; it holds at once</source>
        <translation>Diese Regel in die Konfiguration schreiben; sie gilt sofort</translation>
    </message>
    <message>
        <source>Write what was changed to the configuration file; it holds at once</source>
        <translation>Was geändert wurde in die Konfigurationsdatei schreiben; es gilt sofort</translation>
    </message>
    <message>
        <source>Written to {file}.</source>
        <translation>Wird in {file} geschrieben.</translation>
    </message>
    <message>
        <source>Written to {file}; comments stay.</source>
        <translation>Wird in {file} geschrieben; Kommentare bleiben.</translation>
    </message>
    <message>
        <source>a container&apos;s bundle that is made anew</source>
        <translation>ein neu angelegtes Bundle</translation>
    </message>
    <message>
        <source>a lock that is taken again</source>
        <translation>eine erneut genommene Sperre</translation>
    </message>
    <message>
        <source>a process</source>
        <translation>ein Prozess</translation>
    </message>
    <message>
        <source>a server that respawns its socket</source>
        <translation>ein wiederkehrender Server-Socket</translation>
    </message>
    <message>
        <source>a well-known one</source>
        <translation>ein bekanntes</translation>
    </message>
    <message>
        <source>acted on</source>
        <translation>bearbeitet</translation>
    </message>
    <message>
        <source>age not known</source>
        <translation>Alter unbekannt</translation>
    </message>
    <message numerus="yes">
        <source>all %n source(s) work</source>
        <translation>
            <numerusform>alle Quellen arbeiten (%n)</numerusform>
            <numerusform>alle %n Quellen arbeiten</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>and %n earlier</source>
        <translation>
            <numerusform>und %n früheres</numerusform>
            <numerusform>und %n frühere</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>and %n more</source>
        <translation>
            <numerusform>und %n weiteres</numerusform>
            <numerusform>und %n weitere</numerusform>
        </translation>
    </message>
    <message>
        <source>appeared</source>
        <translation>erschienen</translation>
    </message>
    <message>
        <source>attention: what a person should look at</source>
        <translation>attention: was ein Mensch ansehen sollte</translation>
    </message>
    <message>
        <source>before {state} {time}</source>
        <translation>davor {state} {time}</translation>
    </message>
    <message>
        <source>beginning of a container&apos;s id</source>
        <translation>Anfang der ID eines Containers</translation>
    </message>
    <message>
        <source>by its own program</source>
        <translation>durch sein eigenes Programm</translation>
    </message>
    <message>
        <source>can be undone</source>
        <translation>umkehrbar</translation>
    </message>
    <message>
        <source>cannot be seen from here</source>
        <translation>kann von hier nicht gesehen werden</translation>
    </message>
    <message>
        <source>cannot be undone</source>
        <translation>nicht umkehrbar</translation>
    </message>
    <message>
        <source>cannot tell</source>
        <translation>unklar</translation>
    </message>
    <message>
        <source>changed</source>
        <translation>geändert</translation>
    </message>
    <message>
        <source>container</source>
        <translation>Container</translation>
    </message>
    <message>
        <source>could not tell</source>
        <translation>unklar</translation>
    </message>
    <message>
        <source>d</source>
        <comment>unit</comment>
        <translation>d</translation>
    </message>
    <message>
        <source>dark</source>
        <translation>dunkel</translation>
    </message>
    <message>
        <source>done</source>
        <translation>erledigt</translation>
    </message>
    <message>
        <source>error</source>
        <translation>Fehler</translation>
    </message>
    <message>
        <source>failed</source>
        <translation>fehlgeschlagen</translation>
    </message>
    <message>
        <source>for example: ask the database team first</source>
        <translation>zum Beispiel: erst das Datenbankteam fragen</translation>
    </message>
    <message>
        <source>for information</source>
        <translation>zur Kenntnis</translation>
    </message>
    <message>
        <source>frozen since {when}</source>
        <translation>eingefroren seit {when}</translation>
    </message>
    <message>
        <source>gone</source>
        <translation>weg</translation>
    </message>
    <message>
        <source>gone already</source>
        <translation>schon weg</translation>
    </message>
    <message>
        <source>gone, or empty; to go on with the defaults, start racewatch anew</source>
        <translation>weg oder leer; um mit den Vorgaben weiterzumachen, racewatch neu starten</translation>
    </message>
    <message>
        <source>gone, was {state}</source>
        <translation>weg, war {state}</translation>
    </message>
    <message>
        <source>h</source>
        <comment>unit</comment>
        <translation>h</translation>
    </message>
    <message>
        <source>has ended</source>
        <translation>ist beendet</translation>
    </message>
    <message>
        <source>has not begun</source>
        <translation>hat nicht begonnen</translation>
    </message>
    <message>
        <source>idle</source>
        <translation>ruhend</translation>
    </message>
    <message>
        <source>in use</source>
        <translation>in Benutzung</translation>
    </message>
    <message>
        <source>info</source>
        <translation>Hinweis</translation>
    </message>
    <message>
        <source>is looked up…</source>
        <translation>wird nachgeschlagen…</translation>
    </message>
    <message>
        <source>just now</source>
        <translation>gerade eben</translation>
    </message>
    <message>
        <source>left alone</source>
        <translation>bleibt</translation>
    </message>
    <message>
        <source>light</source>
        <translation>hell</translation>
    </message>
    <message>
        <source>limited</source>
        <translation>eingeschränkt</translation>
    </message>
    <message>
        <source>live</source>
        <translation>aktiv</translation>
    </message>
    <message>
        <source>live, stale, idle or unknown</source>
        <translation>live (aktiv), stale (veraltet), idle (ruhend) oder unknown (unbekannt)</translation>
    </message>
    <message>
        <source>lock</source>
        <translation>Sperre</translation>
    </message>
    <message>
        <source>looking at this machine…</source>
        <translation>dieser Rechner wird angesehen…</translation>
    </message>
    <message>
        <source>lost {lost} of {lives}</source>
        <translation>{lost} von {lives} verloren</translation>
    </message>
    <message>
        <source>min</source>
        <comment>unit</comment>
        <translation>min</translation>
    </message>
    <message>
        <source>name, command or process id of who has it</source>
        <translation>Name, Befehl oder Prozess-ID dessen, der es hat</translation>
    </message>
    <message>
        <source>never offered</source>
        <translation>wird nie angeboten</translation>
    </message>
    <message>
        <source>no changes</source>
        <translation>keine Änderungen</translation>
    </message>
    <message>
        <source>none</source>
        <translation>keine</translation>
    </message>
    <message>
        <source>not asked</source>
        <translation>nicht gefragt</translation>
    </message>
    <message>
        <source>not ticked: {row}</source>
        <translation>nicht angehakt: {row}</translation>
    </message>
    <message>
        <source>not watched yet</source>
        <translation>noch nicht beobachtet</translation>
    </message>
    <message>
        <source>not working</source>
        <translation>arbeitet nicht</translation>
    </message>
    <message>
        <source>not yet known</source>
        <translation>noch unbekannt</translation>
    </message>
    <message>
        <source>nothing</source>
        <translation>nichts</translation>
    </message>
    <message>
        <source>nothing needs attention</source>
        <translation>nichts braucht Aufmerksamkeit</translation>
    </message>
    <message>
        <source>nothing to do here</source>
        <translation>hier gibt es nichts zu tun</translation>
    </message>
    <message>
        <source>now</source>
        <translation>jetzt</translation>
    </message>
    <message>
        <source>observing — {title}</source>
        <translation>nur Beobachtung — {title}</translation>
    </message>
    <message>
        <source>off</source>
        <translation>aus</translation>
    </message>
    <message>
        <source>offered once it is proved left over</source>
        <translation>wird angeboten, sobald es nachweislich übrig ist</translation>
    </message>
    <message>
        <source>only on your word</source>
        <translation>nur auf Ihr Wort</translation>
    </message>
    <message>
        <source>or</source>
        <comment>keys</comment>
        <translation>oder</translation>
    </message>
    <message>
        <source>other</source>
        <comment>program</comment>
        <translation>andere</translation>
    </message>
    <message>
        <source>over {time}</source>
        <translation>über {time}</translation>
    </message>
    <message>
        <source>owner came</source>
        <translation>Besitzer kam</translation>
    </message>
    <message>
        <source>owner changed</source>
        <translation>Besitzer gewechselt</translation>
    </message>
    <message>
        <source>owner gone</source>
        <translation>Besitzer weg</translation>
    </message>
    <message>
        <source>part of a lock format&apos;s name</source>
        <translation>Teil des Namens eines Sperrenformats</translation>
    </message>
    <message>
        <source>part of a systemd unit&apos;s name</source>
        <translation>Teil des Namens einer systemd-Unit</translation>
    </message>
    <message>
        <source>part of the path; * and ? stand for anything</source>
        <translation>Teil des Pfads; * und ? stehen für Beliebiges</translation>
    </message>
    <message>
        <source>purge</source>
        <translation>freigeben</translation>
    </message>
    <message>
        <source>put back</source>
        <translation>zurückgelegt</translation>
    </message>
    <message>
        <source>refused</source>
        <translation>abgelehnt</translation>
    </message>
    <message>
        <source>refused: busy</source>
        <translation>abgelehnt: belegt</translation>
    </message>
    <message>
        <source>refused: changed</source>
        <translation>abgelehnt: geändert</translation>
    </message>
    <message>
        <source>refused: forbidden</source>
        <translation>abgelehnt: verboten</translation>
    </message>
    <message>
        <source>refused: in use</source>
        <translation>abgelehnt: in Benutzung</translation>
    </message>
    <message>
        <source>refused: not permitted</source>
        <translation>abgelehnt: keine Berechtigung</translation>
    </message>
    <message>
        <source>refused: not proved</source>
        <translation>abgelehnt: nicht bewiesen</translation>
    </message>
    <message>
        <source>remove</source>
        <translation>entfernen</translation>
    </message>
    <message>
        <source>running as root: everything on this machine can be removed</source>
        <translation>läuft als root: Alles auf diesem Rechner kann entfernt werden</translation>
    </message>
    <message>
        <source>runs now</source>
        <translation>läuft jetzt</translation>
    </message>
    <message>
        <source>says idle</source>
        <translation>spricht für ruhend</translation>
    </message>
    <message>
        <source>says live</source>
        <translation>spricht für aktiv</translation>
    </message>
    <message>
        <source>says stale</source>
        <translation>spricht für veraltet</translation>
    </message>
    <message>
        <source>socket</source>
        <translation>Socket</translation>
    </message>
    <message>
        <source>socket, lock or container</source>
        <translation>socket, lock (Sperre) oder container</translation>
    </message>
    <message>
        <source>stale</source>
        <translation>veraltet</translation>
    </message>
    <message>
        <source>success</source>
        <translation>Erfolg</translation>
    </message>
    <message>
        <source>system</source>
        <translation>wie das System</translation>
    </message>
    <message>
        <source>the notification server of this desktop does not answer</source>
        <translation>der Benachrichtigungsdienst dieses Desktops antwortet nicht</translation>
    </message>
    <message>
        <source>the session bus cannot be understood</source>
        <translation>der Sitzungsbus antwortet unverständlich</translation>
    </message>
    <message>
        <source>the session bus does not answer</source>
        <translation>der Sitzungsbus antwortet nicht</translation>
    </message>
    <message>
        <source>the session bus does not let this user in</source>
        <translation>der Sitzungsbus lässt diesen Benutzer nicht ein</translation>
    </message>
    <message>
        <source>the session bus hung up</source>
        <translation>der Sitzungsbus hat die Verbindung beendet</translation>
    </message>
    <message>
        <source>the session bus takes no messages</source>
        <translation>der Sitzungsbus nimmt keine Nachrichten an</translation>
    </message>
    <message>
        <source>the usual ones</source>
        <translation>die üblichen</translation>
    </message>
    <message>
        <source>the watched folders</source>
        <translation>den beobachteten Ordnern</translation>
    </message>
    <message>
        <source>the word beside the verdict</source>
        <translation>das Wort neben dem Urteil</translation>
    </message>
    <message>
        <source>there is no session bus</source>
        <translation>es gibt keinen Sitzungsbus</translation>
    </message>
    <message>
        <source>this desktop has no notification server that could be asked</source>
        <translation>dieser Desktop hat keinen Benachrichtigungsdienst, der gefragt werden könnte</translation>
    </message>
    <message>
        <source>this path and everything below it</source>
        <translation>dieser Pfad und alles darunter</translation>
    </message>
    <message>
        <source>those that are found</source>
        <translation>die gefundenen</translation>
    </message>
    <message>
        <source>ticked: {row}</source>
        <translation>angehakt: {row}</translation>
    </message>
    <message>
        <source>under way</source>
        <translation>im Gange</translation>
    </message>
    <message>
        <source>undo</source>
        <translation>zurücklegen</translation>
    </message>
    <message>
        <source>undone</source>
        <translation>rückgängig gemacht</translation>
    </message>
    <message>
        <source>unknown</source>
        <translation>unbekannt</translation>
    </message>
    <message>
        <source>warning</source>
        <translation>Warnung</translation>
    </message>
    <message>
        <source>whose it is: a name, me, or others</source>
        <translation>wem es gehört: ein Name, me (ich) oder others (andere)</translation>
    </message>
    <message>
        <source>working</source>
        <translation>arbeitet</translation>
    </message>
    <message>
        <source>y</source>
        <comment>unit</comment>
        <translation>J</translation>
    </message>
    <message>
        <source>{check}, from {source}</source>
        <translation>{check}, aus {source}</translation>
    </message>
    <message>
        <source>{check}, from {source}, at {at}</source>
        <translation>{check}, aus {source}, um {at}</translation>
    </message>
    <message>
        <source>{count} free: {names}</source>
        <translation>{count} frei: {names}</translation>
    </message>
    <message>
        <source>{count} gone: {names}</source>
        <translation>{count} weg: {names}</translation>
    </message>
    <message>
        <source>{count} in other hands: {names}</source>
        <translation>{count} in anderen Händen: {names}</translation>
    </message>
    <message>
        <source>{count} not seen in use any more: {names}</source>
        <translation>{count} nicht mehr in Benutzung gesehen: {names}</translation>
    </message>
    <message>
        <source>{count} not waited for any more: {names}</source>
        <translation>{count}, auf die nicht mehr gewartet wird: {names}</translation>
    </message>
    <message>
        <source>{description}; Enter opens a line in its view</source>
        <translation>{description}; Eingabe öffnet eine Zeile in ihrer Ansicht</translation>
    </message>
    <message>
        <source>{done} of {whole}</source>
        <translation>{done} von {whole}</translation>
    </message>
    <message>
        <source>{failed}. The journal knows how far it came; {kept}.</source>
        <translation>{failed}. Das Journal weiß, wie weit es kam; {kept}.</translation>
    </message>
    <message>
        <source>{help}. Left empty: {default}</source>
        <translation>{help}. Leer gelassen: {default}</translation>
    </message>
    <message>
        <source>{key}: is not known and left out. Known are {known} and age&gt;. To look for the text itself, put it in quotes.</source>
        <translation>{key}: ist nicht bekannt und bleibt unbeachtet. Bekannt sind {known} und age&gt;. Um den Text selbst zu suchen, ihn in Anführungszeichen setzen.</translation>
    </message>
    <message>
        <source>{key}: knows no {value}, only {help}; it is left out.</source>
        <translation>{key}: kennt {value} nicht, nur {help}; es bleibt unbeachtet.</translation>
    </message>
    <message>
        <source>{key}: waits for a value ({help}).</source>
        <translation>{key}: wartet auf einen Wert ({help}).</translation>
    </message>
    <message>
        <source>{minutes} min ago</source>
        <translation>vor {minutes} min</translation>
    </message>
    <message>
        <source>{names} and others</source>
        <translation>{names} und andere</translation>
    </message>
    <message>
        <source>{name} (pid {pid})</source>
        <translation>{name} (PID {pid})</translation>
    </message>
    <message>
        <source>{name} over time</source>
        <translation>{name} im Zeitverlauf</translation>
    </message>
    <message>
        <source>{name} was not armed: it is not as it was shown any more.</source>
        <translation>{name} wurde nicht scharf gestellt: Es ist nicht mehr so, wie es gezeigt wurde.</translation>
    </message>
    <message>
        <source>{observing} Switch it off in the Edit menu.</source>
        <translation>{observing} Ausschalten lässt es sich im Menü Bearbeiten.</translation>
    </message>
    <message>
        <source>{path} could not be seen</source>
        <translation>{path} konnte nicht eingesehen werden</translation>
    </message>
    <message>
        <source>{pattern} is protected until this window closes, but not for good: {error}.</source>
        <translation>{pattern} ist geschützt, bis dieses Fenster geschlossen wird, aber nicht dauerhaft: {error}.</translation>
    </message>
    <message>
        <source>{race}, against check, then delete…</source>
        <translation>{race}, gegen Prüfen-dann-löschen…</translation>
    </message>
    <message>
        <source>{race}, against racewatch…</source>
        <translation>{race}, gegen racewatch…</translation>
    </message>
    <message>
        <source>{race}: check, then delete {theirs}; racewatch {ours}</source>
        <translation>{race}: Prüfen-dann-löschen {theirs}; racewatch {ours}</translation>
    </message>
    <message>
        <source>{said} in {watched}.</source>
        <translation>{said} in {watched}.</translation>
    </message>
    <message>
        <source>{seconds} min ago</source>
        <translation>vor {seconds} min</translation>
    </message>
    <message>
        <source>{seconds} s ago</source>
        <translation>vor {seconds} s</translation>
    </message>
    <message>
        <source>{things}, {count} shown</source>
        <translation>{things}, {count} gezeigt</translation>
    </message>
    <message>
        <source>{value} is no length of time: wanted 30s, 10m, 2h, 3d, 2w or 1y.</source>
        <translation>{value} ist keine Zeitspanne: erwartet wird 30s, 10m, 2h, 3d, 2w oder 1y.</translation>
    </message>
    <message>
        <source>{verdict}: not looked yet</source>
        <translation>{verdict}: noch nicht nachgesehen</translation>
    </message>
    <message>
        <source>{verdict}: {count}, all the time</source>
        <translation>{verdict}: {count}, die ganze Zeit</translation>
    </message>
    <message>
        <source>{verdict}: {count}, between {least} and {most}</source>
        <translation>{verdict}: {count}, zwischen {least} und {most}</translation>
    </message>
    <message>
        <source>“{name}”</source>
        <translation>„{name}“</translation>
    </message>
    <message>
        <source>“{name}” is free. {summary}</source>
        <translation>„{name}“ ist frei. {summary}</translation>
    </message>
    <message>
        <source>“{name}” is gone: nothing stands there any more.</source>
        <translation>„{name}“ ist weg: Dort steht nichts mehr.</translation>
    </message>
    <message>
        <source>“{name}” is not armed any more. {ended} Nothing was removed.</source>
        <translation>„{name}“ ist nicht mehr scharf gestellt. {ended} Nichts wurde entfernt.</translation>
    </message>
    <message>
        <source>“{name}” is not seen in use any more. {summary}</source>
        <translation>„{name}“ wird nicht mehr in Benutzung gesehen. {summary}</translation>
    </message>
    <message>
        <source>“{name}” is not waited for any more: it could not be looked at.</source>
        <translation>Auf „{name}“ wird nicht mehr gewartet: Es konnte nicht angesehen werden.</translation>
    </message>
    <message>
        <source>“{name}” is not waited for any more: it is not watched now.</source>
        <translation>Auf „{name}“ wird nicht mehr gewartet: Es wird jetzt nicht beobachtet.</translation>
    </message>
    <message>
        <source>“{name}” is removed in {left}, unless it is refreshed</source>
        <translation>„{name}“ wird in {left} entfernt, sofern es nicht aufgefrischt wird</translation>
    </message>
    <message>
        <source>“{name}” is removed when {owner} has died</source>
        <translation>„{name}“ wird entfernt, wenn {owner} beendet ist</translation>
    </message>
    <message>
        <source>“{name}” was let go, and somebody else has it now. {summary}</source>
        <translation>„{name}“ wurde losgelassen, und jetzt hat es jemand anderes. {summary}</translation>
    </message>
    <message>
        <source>“{name}”: it is never removed</source>
        <translation>„{name}“: Es wird niemals entfernt</translation>
    </message>
    <message>
        <source>“{name}”: its own program takes it away</source>
        <translation>„{name}“: Sein eigenes Programm räumt es weg</translation>
    </message>
    <message>
        <source>“{text}” is no path: copy a path, a file, or a message that holds one.</source>
        <translation>„{text}“ ist kein Pfad: Kopieren Sie einen Pfad, eine Datei oder eine Meldung, die einen enthält.</translation>
    </message>
</context>
</TS>
