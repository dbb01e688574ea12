"""How to cite the survey, one of its things, or the answer to a question: BibTeX, CSL-JSON, RIS."""

from __future__ import annotations

import json
from dataclasses import dataclass

AUTHOR = "Imaging Survey contributors"
FORMS = {
    "bib": "application/x-bibtex",
    "csl": "application/vnd.citationstyles.csl+json",
    "ris": "application/x-research-info-systems",
}
LABELS = {"bib": "BibTeX", "csl": "CSL-JSON", "ris": "RIS"}


@dataclass(frozen=True)
class Citation:
    """What is cited: a title at an address, of one release."""

    key: str
    title: str
    address: str
    version: str
    date: str

    @property
    def sentence(self) -> str:
        """The citation as people write it."""
        return f"{AUTHOR} ({self.date[:4]}). {self.title} Imaging Survey, release {self.version}. {self.address}"

    def bibtex(self) -> str:
        title = self.title.replace("{", "").replace("}", "").replace("&", r"\&").replace("%", r"\%").replace("_", r"\_")
        fields = {
            "author": f"{{{AUTHOR}}}",
            "title": title,
            "howpublished": "Imaging Survey",
            "version": self.version,
            "year": self.date[:4],
            "month": str(int(self.date[5:7])),
            "url": self.address,
        }
        lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
        return f"@misc{{{self.key},\n{lines}\n}}\n"

    def csl(self) -> str:
        item = {
            "id": self.key,
            "type": "dataset",
            "title": self.title,
            "author": [{"literal": AUTHOR}],
            "issued": {"date-parts": [[int(part) for part in self.date.split("-")]]},
            "version": self.version,
            "container-title": "Imaging Survey",
            "URL": self.address,
        }
        return json.dumps([item], ensure_ascii=False, indent=1) + "\n"

    def ris(self) -> str:
        date = self.date.replace("-", "/")
        lines = [("TY", "DATA"), ("AU", AUTHOR), ("TI", self.title), ("T2", "Imaging Survey"), ("ET", self.version)]
        lines += [("PY", self.date[:4]), ("DA", date), ("UR", self.address), ("ER", "")]
        return "".join(f"{name}  - {value}\r\n" for name, value in lines)

    def text(self, form: str) -> str:
        """In one of `FORMS`."""
        return {"bib": self.bibtex, "csl": self.csl, "ris": self.ris}[form]()
