# SPDX-License-Identifier: BSD-2-Clause
#
# words.pl: hashes, sorting, regular expressions, long strings, and children
# behind pipes.
use strict;
use warnings;

my ($x, %count, @words) = (1);
for (1 .. 200_000) {
	$x = ($x * 1103515245 + 12345) % 2147483648;
	my $word = join '', map { chr(97 + ($x >> (3 * $_)) % 26) } 1 .. 3;
	$count{$word}++;
	push @words, $word if $_ % 10 == 0;
}
my @top = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
print scalar(@top), " words, first $_: $count{$_}\n" for @top[0 .. 4];

my $text = join ' ', sort @words;
my $found = () = $text =~ /\b[aeiou]\w[xyz]\b/g;
print length($text), " characters, $found found\n";
(my $copy = $text x 20) =~ tr/a-m/A-M/;
print length($copy), ' ', unpack('%32C*', $copy), "\n";

$| = 1;
for my $n (1 .. 5) {
	my $pid = fork // die;
	if ($pid == 0) {
		$count{child} = $n;
		exit $n;
	}
	waitpid $pid, 0;
	print "child $n: ", $? >> 8, exists $count{child} ? " leaked\n" : "\n";
}
open my $pipe, '-|', 'seq 1 1000 | paste -sd+' or die;
print eval(<$pipe>), "\n";
close $pipe or die;
kill 'USR1', $$ if ($SIG{USR1} = sub { print "signal\n" });
printf "%s\n", `printf %s backticks`;
exit 4;
