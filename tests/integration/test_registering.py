"""What the configuration says of databases: read, or refused with the place and the right word."""
import os
import re
import subprocess
import tempfile
import unittest

from support import BINARIES

GOOD = """registry_file = "{directory}/registry.csv"
[[credentials]]
name = "monitor"
role = "tallyfs"
password_file = "{directory}/password"
hosts = ["10.2.4.10", "*.db.example"]
[[databases]]
env = "prod"
cluster = "orders-cl"
database = "app"
host = "10.2.4.10"
credential = "monitor"
[inventory]
host = "cmdb.example"
database = "cmdb"
credential = "monitor"
query = "SELECT 1"
"""
ROWS = "env,cluster,database,host,credential\nprod,orders-cl,audit,10.2.4.10,monitor\n"


class Registering(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="tallyfs-test.")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.put("password", "hunter2\n", 0o600)
        self.put("registry.csv", ROWS)

    def put(self, name, text, mode=0o644):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def check(self, text):
        path = self.put("tallyfs.toml", text.replace("{directory}", self.directory))
        return subprocess.run([f"{BINARIES}/tallyfs", "--config", path, "check-config"],
                              capture_output=True, text=True, timeout=60, check=False)

    def refused(self, text):
        done = self.check(text)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertNotIn("hunter2", done.stderr)
        return done.stderr

    def test_what_is_right_is_ok(self):
        done = self.check(GOOD)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_the_documented_example_is_understood(self):
        page = os.path.join(os.path.dirname(__file__), "../../docs/configuration.md")
        with open(page, encoding="utf-8") as file:
            section = file.read().split("## Databases\n")[1]
        text = section.split("```toml\n")[1].split("```")[0]
        said = self.refused(text)
        # Its files are not there, and "mender" is left to be added: all of it was read.
        self.assertIn("monitor.password cannot be read", said)
        self.assertIn('there is no credential "mender"', said)
        self.assertNotRegex(said, r"tallyfs\.toml:\d")

    def test_what_is_wrong_is_named_with_its_line_and_the_right_word(self):
        for old, new, expected in [
            ('env = "prod"', 'env = "prd"', r":8: databases.env is none of prod, uat, qa, dev; "
                                            r"did you mean prod\?"),
            ('cluster = "orders-cl"', 'clutser = "a"', "clutser is unknown; did you mean cluster"),
            ('database = "app"', "", "databases.database is missing"),
            ('host = "10.2.4.10"', 'host = "10.2.4.10,10.6.6.6"', ":11: databases.host is no name"),
            ('host = "10.2.4.10"', 'host = "postgres://u:hunter2@h/d"', "passwords are not written"),
            ('host = "10.2.4.10"', 'host = "h"\nport = 0', "port is no number from 1 to 65535"),
            ('env = "prod"', 'env = "prod"\ntags = "a"', "tags must be a list of texts"),
            ('env = "prod"', 'env = "prod"\nactive = "no"', "active must be true or false"),
            ('role = "tallyfs"\n', "", "credentials.role is missing"),
            ('name = "monitor"', 'name = "a b"', "credentials.name must be one word"),
            ('role = "tallyfs"', 'role = "tallyfs"\npassword = "hunter2"', "password is unknown"),
            ('role = "tallyfs"', 'role = "tallyfs"\npassword_env = "X"', "is one of password_file"),
            ('role = "tallyfs"', 'role = "tallyfs"\npassword_valid_seconds = 9',
             "is about what a password_command prints"),
            ('"*.db.example"', '"*"', r'hosts holds "\*", which is no name such as'),
            ('"*.db.example"', '"*.*.example"', r'hosts holds "\*.\*.example", which'),
            ('query = "SELECT 1"', "", "inventory.query is missing"),
            ('query = "SELECT 1"', 'query = "x"\nevery_seconds = 5', "every_seconds must be 60"),
            ('query = "SELECT 1"', 'query = "x"\nowner = "a"', "inventory.owner is unknown"),
            ("[[databases]]", '[[credentials]]\nname = "monitor"\nrole = "x"\n[[databases]]',
             '"monitor" is there twice'),
        ]:
            with self.subTest(new=new):
                self.assertIn(old, GOOD)
                self.assertRegex(self.refused(GOOD.replace(old, new, 1)), expected)

    def test_files_that_are_wrong_are_named_with_what_to_do(self):
        self.put("password", "hunter2\n", 0o640)
        self.assertIn("password is open to other users: chmod 600 ", self.refused(GOOD))
        os.remove(os.path.join(self.directory, "password"))
        self.assertIn("password cannot be read: No such file", self.refused(GOOD))
        self.put("password", "hunter2\n", 0o600)
        self.put("registry.csv", ROWS.replace("host", "hots"))
        self.assertIn("registry.csv: line 1: hots is unknown; did you mean host?",
                      self.refused(GOOD))

    def test_entries_that_would_not_be_used_are_said(self):
        self.put("registry.csv", ROWS + "dev,stray-cl,app,10.6.6.6,monitor\n"
                                        "prod,orders-cl,app,10.2.4.10,nobody\n")
        said = self.refused(GOOD)
        self.assertIn('registry.csv: dev/stray-cl/app is not used: the credential "monitor" may '
                      "not be used for 10.6.6.6:5432", said)
        self.assertTrue(re.search("registry.csv: prod/orders-cl/app is not used: tallyfs.toml says "
                                  "something else of it", said))


if __name__ == "__main__":
    unittest.main()
