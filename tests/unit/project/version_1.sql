-- A project as version 1 wrote it: one image with two nuclei, one correction, which was taken back and done again.
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE class (
    id INTEGER PRIMARY KEY, position INTEGER NOT NULL, name TEXT NOT NULL UNIQUE, color TEXT NOT NULL);
CREATE TABLE image (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, path TEXT NOT NULL,
    height INTEGER NOT NULL, width INTEGER NOT NULL, mpp REAL NOT NULL);
CREATE TABLE chunk (
    image INTEGER NOT NULL REFERENCES image, y INTEGER NOT NULL, x INTEGER NOT NULL, labels BLOB NOT NULL,
    PRIMARY KEY (image, y, x)) WITHOUT ROWID;
CREATE TABLE nucleus (
    image INTEGER NOT NULL REFERENCES image, label INTEGER NOT NULL, y REAL NOT NULL, x REAL NOT NULL,
    area INTEGER NOT NULL, class INTEGER NOT NULL, source TEXT NOT NULL, state TEXT NOT NULL, comment TEXT NOT NULL,
    probabilities BLOB, PRIMARY KEY (image, label)) WITHOUT ROWID;
CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE, time TEXT NOT NULL, annotator TEXT NOT NULL,
    image INTEGER NOT NULL REFERENCES image, action TEXT NOT NULL, undoes INTEGER REFERENCES journal, box TEXT,
    pixels_before BLOB, pixels_after BLOB, rows_before TEXT NOT NULL, rows_after TEXT NOT NULL);
CREATE INDEX journal_by_image ON journal (image, id);
INSERT INTO about VALUES ('scheme', 'msa3');
INSERT INTO class VALUES (1, 1, 'tumor', '#D55E00'), (2, 2, 'stroma', '#009E73'), (3, 3, 'immune', '#56B4E9');
INSERT INTO image VALUES (1, 'tile', 'tile.png', 20, 20, 0.5);
INSERT INTO nucleus VALUES (1, 3, 2.5, 2.5, 4, 2, 'human', 'proposed', '', NULL);
INSERT INTO nucleus VALUES (1, 9, 8.5, 8.5, 4, 3, 'model', 'proposed', 'odd', x'cdcccc3dcdcc4c3e3333333f');
INSERT INTO journal VALUES (1, 'a1', '2026-01-01T10:00:00.000+00:00', 'ada', 1, 'set class', NULL, NULL, NULL, NULL,
    '[{"label": 3, "y": 2.5, "x": 2.5, "area": 4, "kind": 1, "source": "model", "state": "proposed", "comment": "", "probabilities": null}]',
    '[{"label": 3, "y": 2.5, "x": 2.5, "area": 4, "kind": 2, "source": "human", "state": "proposed", "comment": "", "probabilities": null}]');
INSERT INTO journal VALUES (2, 'a2', '2026-01-01T10:01:00.000+00:00', 'bob', 1, 'undo set class', 1, NULL, NULL, NULL,
    '[{"label": 3, "y": 2.5, "x": 2.5, "area": 4, "kind": 2, "source": "human", "state": "proposed", "comment": "", "probabilities": null}]',
    '[{"label": 3, "y": 2.5, "x": 2.5, "area": 4, "kind": 1, "source": "model", "state": "proposed", "comment": "", "probabilities": null}]');
INSERT INTO journal VALUES (3, 'a3', '2026-01-01T10:02:00.000+00:00', 'ada', 1, 'undo undo set class', 2, NULL, NULL, NULL,
    '[{"label": 3, "y": 2.5, "x": 2.5, "area": 4, "kind": 1, "source": "model", "state": "proposed", "comment": "", "probabilities": null}]',
    '[{"label": 3, "y": 2.5, "x": 2.5, "area": 4, "kind": 2, "source": "human", "state": "proposed", "comment": "", "probabilities": null}]');
PRAGMA application_id = 1852732771;
PRAGMA user_version = 1;
