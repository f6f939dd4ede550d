"""Programs in interpreted languages, for magika_expected.py."""

SCRIPTS = {
    "bank.py": '''import json
from dataclasses import dataclass


@dataclass
class Account:
    owner: str
    balance: float = 0.0

    def deposit(self, amount: float) -> None:
        if amount <= 0:
            raise ValueError("an amount is positive")
        self.balance += amount


if __name__ == "__main__":
    print(json.dumps(Account("ada", 12.5).__dict__))
''',
    "queue.js": '''const waiting = [];

function push(item) {
  waiting.push({ item, at: Date.now() });
  if (waiting.length > 100) console.warn(`${waiting.length} items wait`);
}

module.exports = { push, next: () => waiting.shift()?.item };
''',
    "greeter.rb": '''require 'json'

class Greeter
  attr_reader :name

  def initialize(name)
    @name = name
  end

  def greet
    puts "Hello, #{name}!" unless name.nil?
  end
end

%w[ada grace].each { |name| Greeter.new(name).greet }
''',
    "page.php": '''<?php
namespace App\\Controller;

class PageController
{
    private array $pages = [];

    public function show(string $slug): ?string
    {
        if (!isset($this->pages[$slug])) {
            return null;
        }
        return htmlspecialchars($this->pages[$slug]);
    }
}
echo (new PageController())->show($_GET['slug'] ?? 'home');
''',
    "backup.sh": '''#!/bin/bash
set -euo pipefail

target="${1:?usage: backup.sh TARGET}"
for dir in /etc /home; do
  name=$(basename "$dir")
  tar -czf "$target/$name.tar.gz" "$dir" || echo "failed: $dir" >&2
done
''',
    "Clean.ps1": '''param([string]$Path = "C:\\Temp", [int]$Days = 30)

$limit = (Get-Date).AddDays(-$Days)
Get-ChildItem -Path $Path -Recurse -Force | Where-Object { $_.LastWriteTime -lt $limit } | ForEach-Object {
    Write-Host "Removing $($_.FullName)"
    Remove-Item -Path $_.FullName -Force
}
''',
    "build.bat": '''@echo off
setlocal enabledelayedexpansion
set OUT=build
if not exist %OUT% mkdir %OUT%
for %%f in (src\\*.c) do (
    echo compiling %%f
    cl /nologo /c %%f /Fo%OUT%\\%%~nf.obj
    if errorlevel 1 goto :fail
)
exit /b 0
:fail
echo failed
exit /b 1
''',
    "move.lua": '''local Player = {}
Player.__index = Player

function Player.new(x, y)
  local self = setmetatable({}, Player)
  self.x, self.y = x or 0, y or 0
  return self
end

function Player:move(dx, dy)
  self.x = self.x + dx
  self.y = self.y + dy
end

for i = 1, 10 do print(Player.new(i, i).x) end
return Player
''',
    "query.sql": '''CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    total NUMERIC(10, 2) DEFAULT 0
);
INSERT INTO orders (id, customer_id, total) VALUES (1, 7, 99.50), (2, 8, 10.00);
SELECT c.name, SUM(o.total) AS spent FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY c.name;
''',
    "report.pl": '''#!/usr/bin/perl
use strict;
use warnings;

my %count;
while (my $line = <STDIN>) {
    chomp $line;
    next unless $line =~ /^(\\w+)\\s+(\\d+)$/;
    $count{$1} += $2;
}
printf "%-20s %d\\n", $_, $count{$_} for sort keys %count;
''',
    "fit.r": '''library(ggplot2)

data <- read.csv("penguins.csv")
model <- lm(body_mass_g ~ flipper_length_mm, data = data)
summary(model)
ggplot(data, aes(x = flipper_length_mm, y = body_mass_g)) +
  geom_point() +
  geom_smooth(method = "lm")
''',
}
