"""Programs in compiled languages, for magika_expected.py."""

PROGRAMS = {
    "shape.ts": '''interface Shape {
  readonly kind: 'circle' | 'square';
  readonly size: number;
}

export function area({ kind, size }: Shape): number {
  return kind === 'circle' ? Math.PI * size ** 2 : size ** 2;
}

export type Areas = Record<string, ReturnType<typeof area>>;
''',
    "list.c": '''#include <stdio.h>
#include <stdlib.h>

struct node { int value; struct node *next; };

int main(int argc, char **argv) {
    struct node *head = NULL;
    for (int i = 1; i < argc; i++) {
        struct node *n = malloc(sizeof *n);
        n->value = atoi(argv[i]);
        n->next = head;
        head = n;
    }
    for (; head != NULL; head = head->next) printf("%d\\n", head->value);
    return 0;
}
''',
    "words.cpp": '''#include <iostream>
#include <map>
#include <string>

int main() {
    std::map<std::string, int> counts;
    for (std::string word; std::cin >> word;) ++counts[word];
    for (const auto& [word, count] : counts) std::cout << word << ": " << count << std::endl;
}
''',
    "Stack.java": '''package org.example.stack;

import java.util.ArrayDeque;
import java.util.Deque;

public final class Stack<T> {
    private final Deque<T> items = new ArrayDeque<>();

    public void push(T item) {
        items.addFirst(item);
    }

    public static void main(String[] args) {
        System.out.println("depth: " + new Stack<String>().items.size());
    }
}
''',
    "server.go": '''package main

import (
	"fmt"
	"log"
	"net/http"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello %s", r.URL.Path)
	})
	log.Fatal(http.ListenAndServe(":8080", nil))
}
''',
    "tree.rs": '''use std::collections::HashMap;

#[derive(Debug, Default)]
struct Tree {
    children: HashMap<char, Box<Tree>>,
}

impl Tree {
    fn insert(&mut self, word: &str) {
        let mut at = self;
        for c in word.chars() {
            at = at.children.entry(c).or_default();
        }
    }
}

fn main() {
    let mut tree = Tree::default();
    tree.insert("word");
    println!("{:?}", tree);
}
''',
    "point.kt": '''package org.example

data class Point(val x: Int, val y: Int) {
    operator fun plus(other: Point) = Point(x + other.x, y + other.y)
}

fun main() {
    val points = listOf(Point(1, 2), Point(3, 4))
    println(points.reduce { a, b -> a + b })
}
''',
    "View.swift": '''import SwiftUI

struct ContentView: View {
    @State private var count = 0

    var body: some View {
        VStack {
            Text("Count: \\(count)")
            Button("Add") { count += 1 }
        }
        .padding()
    }
}
''',
    "Worker.cs": '''using System;
using System.Threading.Tasks;

namespace Example.Workers
{
    public class Worker
    {
        public async Task<int> RunAsync(string name)
        {
            await Task.Delay(100);
            Console.WriteLine($"Worker {name} is done");
            return name.Length;
        }
    }
}
''',
    "sum.hs": '''module Main where

import qualified Data.Map as Map

count :: [String] -> Map.Map String Int
count = foldr (\\w -> Map.insertWith (+) w 1) Map.empty

main :: IO ()
main = interact $ \\text -> unlines [w ++ " " ++ show n | (w, n) <- Map.toList (count (words text))]
''',
    "Main.scala": '''package example

import scala.collection.mutable

object Main extends App {
  case class Item(name: String, price: BigDecimal)
  val items = mutable.ListBuffer(Item("tea", 2.5), Item("cake", 4))
  println(items.map(_.price).sum)
}
''',
}
