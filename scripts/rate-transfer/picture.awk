# Draws rate-transfer.csv (width, trial, candidate, model.baseWidth, learning rate, seed, steps, best validation loss, …) as SVG: loss against rate, a line for
# each width, the standard parametrisation on the left and the maximal update parametrisation on the right.
BEGIN { FS = ","; split("#0b62b8 #c2410c #18794e #8e3fb0 #a1600a #0f766e", colors, " ") }
NR == 1 { next }
$8 != "" {
    n++
    width[n] = $1; panel[n] = $4 > 0; place[n] = log($5) / log(2); loss[n] = $8
    if (!($1 in number)) { number[$1] = ++lines; name[lines] = $1 }
    if (n == 1 || place[n] < left) left = place[n]
    if (n == 1 || place[n] > right) right = place[n]
    if (n == 1 || loss[n] < low) low = loss[n]
    if (n == 1 || loss[n] > high) high = loss[n]
}
function x(p, at) { return 60 + p * 440 + (right > left ? (at - left) / (right - left) : 0.5) * 380 }
function y(at) { return 40 + (high - at) / (high - low) * 300 }
END {
    if (high > low + 2) high = low + 2 # what has diverged lies above the picture's edge
    if (high == low) high = low + 1
    print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 960 420\" font-family=\"sans-serif\" font-size=\"13\">"
    print "<rect width=\"960\" height=\"420\" fill=\"white\"/>"
    for (p = 0; p < 2; p++) {
        printf "<text x=\"%d\" y=\"24\" text-anchor=\"middle\" font-size=\"16\">%s</text>\n", x(p, (left + right) / 2), p ? "maximal update" : "standard"
        printf "<path d=\"M%.1f 40V340H%.1f\" fill=\"none\" stroke=\"#5b6470\"/>\n", 60 + p * 440, 440 + p * 440
        for (at = left; at <= right; at++) printf "<text x=\"%.1f\" y=\"358\" text-anchor=\"middle\">%d</text>\n", x(p, at), at
        for (i = 0; i <= 4; i++) {
            at = low + (high - low) * i / 4
            printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%.2f</text>\n", 55 + p * 440, y(at) + 4, at
        }
        printf "<text x=\"%d\" y=\"380\" text-anchor=\"middle\">log2 of the learning rate</text>\n", x(p, (left + right) / 2)
        for (line = 1; line <= lines; line++) {
            path = ""
            for (at = left; at <= right; at++) {
                sum = count = 0
                for (i = 1; i <= n; i++) {
                    if (width[i] != name[line] || panel[i] != p || place[i] - at > 0.01 || at - place[i] > 0.01) continue
                    sum += loss[i]; count++
                }
                if (!count || sum / count > high) continue
                path = path sprintf("%s%.1f %.1f", path == "" ? "M" : "L", x(p, at), y(sum / count))
                printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"/>\n", x(p, at), y(sum / count), colors[line]
            }
            if (path != "") printf "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", path, colors[line]
        }
    }
    for (line = 1; line <= lines; line++) {
        printf "<text x=\"%d\" y=\"405\" fill=\"%s\">width %s</text>\n", 60 + 110 * (line - 1), colors[line], name[line]
    }
    print "<text x=\"900\" y=\"405\" text-anchor=\"end\">best validation loss (nats/token)</text>"
    print "</svg>"
}
