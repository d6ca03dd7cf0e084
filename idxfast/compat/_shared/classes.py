"""Names of the classes of the MNIST family, as more than one loader gives them."""

DIGITS = [
    "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four", "5 - five", "6 - six", "7 - seven",
    "8 - eight", "9 - nine",
]  # fmt: skip
FASHION = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
    "Ankle boot",
]  # fmt: skip
KUZUSHIJI = [
    "お - o", "き - ki", "す - su", "つ - tsu", "な - na", "は - ha", "ま - ma", "や - ya",
    "れ - re", "を - wo",
]  # fmt: skip
KUZUSHIJI_ROMANISED = [name.partition(" - ")[2] for name in KUZUSHIJI]
KUZUSHIJI_49 = [
    "あ - a", "い - i", "う - u", "え - e", "お - o", "か - ka", "き - ki", "く - ku",
    "け - ke", "こ - ko", "さ - sa", "し - shi", "す - su", "せ - se", "そ - so", "た - ta",
    "ち - chi", "つ - tsu", "て - te", "と - to", "な - na", "に - ni", "ぬ - nu", "ね - ne",
    "の - no", "は - ha", "ひ - hi", "ふ - fu", "へ - he", "ほ - ho", "ま - ma", "み - mi",
    "む - mu", "め - me", "も - mo", "や - ya", "ゆ - yu", "よ - yo", "ら - ra", "り - ri",
    "る - ru", "れ - re", "ろ - ro", "わ - wa", "ゐ - i", "ゑ - e", "を - wo", "ん - n",
    "ゝ - iteration mark",
]  # fmt: skip

# EMNIST's merged sets have one class for both cases of these letters.
MERGED = "cijklmopsuvwxyz"
